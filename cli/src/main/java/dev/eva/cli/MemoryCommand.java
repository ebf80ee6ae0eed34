package dev.eva.cli;

import dev.eva.mla.CacheSize;
import dev.eva.mla.MlaConfig;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.Presets;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How much memory a standard key-value cache takes, and how much the latent one. */
@Command(
        name = "memory",
        mixinStandardHelpOptions = true,
        versionProvider = Eva.Version.class,
        header = "The memory of a key-value cache: standard against latent.",
        description = "%nWithout a shape: the table of known models and where DeepSeek-V2's 93.3 %% comes from.%n",
        footer = {
            "",
            "Standard cache: 2 x batch x length x heads x head-dim values a layer.",
            "Latent cache: batch x length x (latent + rope) values a layer.",
            "",
            "Examples:",
            "  eva memory",
            "  eva memory --preset v3 --length 131072 --bytes 2",
            "  eva memory --heads 16 --head-dim 128 --latent 512 --rope 64 --layers 27"
        })
final class MemoryCommand implements Runnable {
    private static final double MB = 1 << 20;

    @Spec
    private CommandSpec spec;

    @Option(names = "--preset", paramLabel = "NAME", description = "The attention and layers of a preset.")
    private String preset;

    @Option(names = "--heads", paramLabel = "N", description = "Attention heads.")
    private Integer heads;

    @Option(
            names = "--head-dim",
            paramLabel = "N",
            defaultValue = "64",
            description = "Values of a head (${DEFAULT-VALUE}).")
    private int headDim;

    @Option(names = "--latent", paramLabel = "N", description = "Values of the latent (heads x head-dim / 4).")
    private Integer latent;

    @Option(names = "--rope", paramLabel = "N", description = "Values of the shared rotated key (head-dim / 2).")
    private Integer rope;

    @Option(names = "--layers", paramLabel = "N", description = "Layers (1, or those of the preset).")
    private Integer layers;

    @Option(
            names = "--length",
            paramLabel = "N",
            defaultValue = "2048",
            description = "Tokens of a sequence (${DEFAULT-VALUE}).")
    private int length;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "1", description = "Sequences (${DEFAULT-VALUE}).")
    private int batch;

    @Option(
            names = "--bytes",
            paramLabel = "N",
            defaultValue = "4",
            description = "Bytes of a value (${DEFAULT-VALUE}).")
    private double bytes;

    /** A line of the table. */
    private record Shape(String name, int layers, CacheSize cache) {}

    @Override
    public void run() {
        check();
        try {
            print(spec.commandLine().getOut());
        } catch (ArithmeticException e) {
            throw new ParameterException(
                    spec.commandLine(), "the shape is too large to be counted: " + e.getMessage(), e);
        }
    }

    private void print(PrintWriter out) {
        if (preset == null && heads == null) {
            header(out, "one layer");
            table(out, known());
            out.println();
            out.println(
                    "Heads x head size; MB = values x bytes / 2^20. First four: a latent of a quarter of the width,");
            out.println(
                    "and with rope the rotated key of half a head, which a latent cache keeps as well. The shape that");
            out.println("teaching material calls \"DeepSeek-V3\" is not the model's; the last row is.");
            out.println();
            derivation(out);
        } else {
            Shape shape = preset == null ? own() : ofPreset();
            header(out, shape.layers == 1 ? "one layer" : shape.layers + " layers");
            table(out, List.of(shape));
        }
    }

    private void check() {
        if (preset != null && (heads != null || latent != null || rope != null)) {
            throw new ParameterException(
                    spec.commandLine(), "--preset has a shape of its own; leave out --heads, --latent and --rope");
        }
        if (heads == null && preset == null && (latent != null || rope != null || layers != null)) {
            throw new ParameterException(spec.commandLine(), "a shape of your own needs --heads");
        }
        positive("--heads", heads);
        positive("--head-dim", headDim);
        positive("--latent", latent);
        positive("--layers", layers);
        positive("--length", length);
        positive("--batch", batch);
        if (rope != null && rope < 0) {
            throw new ParameterException(spec.commandLine(), "--rope: " + rope + "; need at least 0");
        }
        if (!(bytes > 0)) {
            throw new ParameterException(spec.commandLine(), "--bytes: " + bytes + "; need more than 0");
        }
    }

    private void positive(String option, Integer value) {
        if (value != null && value < 1) {
            throw new ParameterException(spec.commandLine(), option + ": " + value + "; need at least 1");
        }
    }

    private List<Shape> known() {
        List<Shape> all = new ArrayList<>();
        int[] dims = {768, 1024, 1536, 2048};
        String[] names = {"GPT-2 small", "width 1024", "width 1536", "\"DeepSeek-V3\""};
        for (int i = 0; i < dims.length; i++) {
            int headSize = 64;
            int n = dims[i] / headSize;
            all.add(new Shape(
                    names[i] + ", " + n + " x " + headSize, 1, cache(n, headSize, dims[i] / 4, headSize / 2)));
        }
        all.add(new Shape(
                "DeepSeek-V3 itself, 128 x 128", 1, CacheSize.of(Presets.v3().mla(), tokens())));
        return all;
    }

    private Shape own() {
        int width = Math.multiplyExact(heads, headDim);
        CacheSize cache = cache(
                heads, headDim, latent == null ? Math.max(1, width / 4) : latent, rope == null ? headDim / 2 : rope);
        return new Shape(
                heads + " heads x " + headDim + ", latent " + cache.latent() + " + rope " + cache.rope(),
                layers == null ? 1 : layers,
                cache);
    }

    private Shape ofPreset() {
        if (!Presets.names().contains(preset)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--preset: unknown name " + preset + "; need one of " + String.join(", ", Presets.names()));
        }
        DeepSeekConfig config = Presets.byName(preset);
        MlaConfig mla = config.mla();
        return new Shape(
                preset + ", " + mla.numAttentionHeads() + " heads, latent " + mla.kvLoraRank() + " + rope "
                        + mla.qkRopeHeadDim(),
                layers == null ? config.numHiddenLayers() : layers,
                CacheSize.of(mla, tokens()));
    }

    private CacheSize cache(int n, int headSize, int latentSize, int ropeSize) {
        return new CacheSize(tokens(), Math.multiplyExact(2 * n, headSize), latentSize, ropeSize);
    }

    private long tokens() {
        return (long) batch * length;
    }

    private void header(PrintWriter out, String what) {
        out.println("Key-value cache of " + what + ": batch " + batch + " x " + Table.count(length) + " tokens, "
                + String.format(Locale.ROOT, bytes == Math.rint(bytes) ? "%.0f" : "%s", bytes) + " bytes a value");
        out.println();
    }

    private void table(PrintWriter out, List<Shape> shapes) {
        Table table = new Table().row("", "standard MB", "latent MB", "saved", "ratio", "with rope", "saved", "ratio");
        for (Shape s : shapes) {
            CacheSize c = s.cache;
            table.row(
                    s.name,
                    megabytes(s, c.standard()),
                    megabytes(s, c.latentOnly()),
                    Table.saved(c.latentOnly(), c.standard()),
                    Table.ratio(c.standard(), c.latentOnly()),
                    megabytes(s, c.withRope()),
                    Table.saved(c.withRope(), c.standard()),
                    Table.ratio(c.standard(), c.withRope()));
        }
        table.print(out, "  ");
    }

    private String megabytes(Shape shape, long values) {
        double mb = shape.layers * values * bytes / MB;
        return String.format(
                Locale.ROOT, mb < 1 ? "%.3f" : mb < 10 && mb * 10 != Math.rint(mb * 10) ? "%.2f" : "%,.1f", mb);
    }

    private static void derivation(PrintWriter out) {
        long dense = 2L * 95 * 8 * 128;
        long latent = 60L * (512 + 64);
        double denseBytes = dense * 16 / 8.0;
        double latentBytes = latent * 6 / 8.0;
        out.println("Where the 93.3 % of DeepSeek-V2 comes from (arXiv:2405.04434, 3.2.3): not from one shape with");
        out.println("and without latent, but from two models as they were served, a token over all layers:");
        out.println();
        new Table()
                .row("", "values", "bits", "bytes")
                .row("DeepSeek-67B: 95 layers x 2 x 8 shared heads x 128", Table.count(dense), 16, Table.count((long)
                        denseBytes))
                .row("DeepSeek-V2: 60 layers x (latent 512 + rope 64)", Table.count(latent), 6, Table.count((long)
                        latentBytes))
                .row("saved", Table.saved(latent, dense), "", Table.saved(latentBytes, denseBytes))
                .print(out, "  ");
    }
}
