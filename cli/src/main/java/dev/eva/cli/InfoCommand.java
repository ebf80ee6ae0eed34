package dev.eva.cli;

import dev.eva.mla.MlaConfig;
import dev.eva.mla.QueryProjection;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.ParameterCount;
import dev.eva.model.Presets;
import dev.eva.model.checkpoint.CheckpointFiles;
import dev.eva.model.checkpoint.ConfigJson;
import dev.eva.model.checkpoint.StoredType;
import dev.eva.model.train.RunFolder;
import dev.eva.moe.MoeConfig;
import dev.eva.moe.RoutingMethod;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What a model is made of and how much room it takes. */
@Command(
        name = "info",
        mixinStandardHelpOptions = true,
        versionProvider = Eva.Version.class,
        header = "Parameters, bytes and cache of a model.",
        description = "%nWithout a model: the presets.%n",
        footer = {
            "",
            "Examples:",
            "  eva info",
            "  eva info v3",
            "  eva info runs/shakespeare",
            "  eva info my-config.json"
        })
final class InfoCommand implements Runnable {
    private static final int F32 = Float.BYTES;

    @Spec
    private CommandSpec spec;

    @Parameters(
            arity = "0..1",
            paramLabel = "MODEL",
            description = "A preset, a run, a checkpoint folder, a .safetensors file or a config.json.")
    private String model;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        if (model == null) {
            presets(out);
        } else if (Presets.names().contains(model) && !Files.exists(Path.of(model))) {
            DeepSeekConfig config = Presets.byName(model);
            out.println("preset " + model);
            config(out, config);
            line(
                    out,
                    "bytes",
                    Table.bytes((double) F32 * ParameterCount.of(config).total()) + " in F32");
        } else if (model.endsWith(".json")) {
            DeepSeekConfig config = ConfigJson.read(Path.of(model));
            out.println(model);
            config(out, config);
            line(
                    out,
                    "bytes",
                    Table.bytes((double) F32 * ParameterCount.of(config).total()) + " in F32");
        } else {
            checkpoint(out, Path.of(model));
        }
    }

    private static void presets(PrintWriter out) {
        Table table = new Table()
                .row(
                        "preset",
                        "layers",
                        "width",
                        "heads",
                        "experts",
                        "parameters",
                        "active",
                        "in F32",
                        "cache a token",
                        "saved");
        for (String name : Presets.names()) {
            DeepSeekConfig c = Presets.byName(name);
            ParameterCount n = ParameterCount.of(c);
            table.row(
                    name,
                    c.numHiddenLayers(),
                    c.hiddenSize(),
                    c.mla().numAttentionHeads(),
                    c.moe().nRoutedExperts(),
                    Table.magnitude(n.total()),
                    Table.magnitude(n.active()),
                    Table.bytes((double) F32 * n.total()),
                    Table.bytes((double) F32 * n.cacheRow()),
                    Table.saved(n.cacheRow(), n.standardCacheRow()));
        }
        table.print(out, "");
    }

    private static void checkpoint(PrintWriter out, Path given) {
        Path path = RunFolder.checkpointOf(given);
        try (CheckpointFiles files = CheckpointFiles.open(path)) {
            out.println(path.equals(given) ? path.toString() : given + ", checkpoint " + path.getFileName());
            config(out, files.config());
            Map<StoredType, Long> bytes = files.bytesByType();
            String types = bytes.entrySet().stream()
                    .map(e -> e.getKey() + " " + Table.bytes(e.getValue()))
                    .collect(Collectors.joining(", "));
            long all = bytes.values().stream().mapToLong(Long::longValue).sum();
            line(out, "bytes", Table.bytes(all) + " in " + files.names().size() + " tensors (" + types + ")");
            int prediction = files.predictionLayerNames().size();
            if (prediction > 0) {
                String loaded = files.config().numNextnPredictLayers() > 0 ? "" : " and are not loaded";
                line(out, "", prediction + " of the tensors belong to multi-token prediction" + loaded);
            }
        }
    }

    private static void config(PrintWriter out, DeepSeekConfig c) {
        ParameterCount n = ParameterCount.of(c);
        MlaConfig mla = c.mla();
        line(
                out,
                "model",
                c.modelType() + ": " + c.numHiddenLayers() + " layers, width " + Table.count(c.hiddenSize())
                        + ", vocabulary " + Table.count(c.vocabSize()) + ", context "
                        + Table.count(c.maxPositionEmbeddings()) + " tokens");
        String query = switch (mla.query()) {
            case QueryProjection.Direct q -> "query direct";
            case QueryProjection.LowRank q -> "query latent " + q.qLoraRank();
        };
        line(
                out,
                "attention",
                mla.numAttentionHeads() + " heads of " + mla.qkNopeHeadDim() + " + " + mla.qkRopeHeadDim() + " (values "
                        + mla.vHeadDim() + "), " + query + ", key-value latent " + mla.kvLoraRank());
        line(out, "feed-forward", feedForward(c));
        line(out, "parameters", Table.count(n.total()) + ", of which a token uses " + Table.count(n.active()));
        line(
                out,
                "cache",
                Table.count(n.cacheRow()) + " values a token (" + mla.cacheRow() + " a layer), "
                        + Table.bytes((double) F32 * n.cacheRow()) + " in F32");
        line(
                out,
                "",
                "a standard cache of the same heads: " + Table.count(n.standardCacheRow()) + " values; saved "
                        + Table.saved(n.cacheRow(), n.standardCacheRow()) + ", "
                        + Table.ratio(n.standardCacheRow(), n.cacheRow()));
    }

    private static String feedForward(DeepSeekConfig c) {
        MoeConfig moe = c.moe();
        String dense = c.firstKDenseReplace() == 0
                ? ""
                : c.firstKDenseReplace() + " dense of " + Table.count(c.intermediateSize()) + ", ";
        if (c.moeLayers() == 0) {
            return dense + "no experts";
        }
        String routing = switch (moe.method()) {
            case RoutingMethod.NoauxTc m -> "noaux_tc";
            case RoutingMethod.Greedy m -> "greedy";
            case RoutingMethod.GroupLimitedGreedy m -> "group_limited_greedy";
        };
        String groups = moe.method().groups() == 1
                ? ""
                : " from " + moe.method().keptGroups() + " of " + moe.method().groups() + " groups";
        return dense + c.moeLayers() + " with " + moe.nRoutedExperts() + " experts of "
                + Table.count(moe.moeIntermediateSize()) + ", top "
                + moe.numExpertsPerTok() + groups + " (" + routing + ")"
                + (moe.nSharedExperts() == 0 ? "" : ", " + moe.nSharedExperts() + " shared");
    }

    private static void line(PrintWriter out, String label, String text) {
        out.println(String.format(Locale.ROOT, "  %-13s %s", label, text));
    }
}
