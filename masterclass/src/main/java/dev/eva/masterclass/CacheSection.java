package dev.eva.masterclass;

import dev.eva.masterclass.CacheExperiment.Growth;
import dev.eva.masterclass.CacheExperiment.Headline;
import dev.eva.masterclass.CacheExperiment.Row;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.Presets;
import dev.eva.report.DataTable;
import dev.eva.report.Figures;
import dev.eva.report.LineChart;
import java.util.ArrayList;
import java.util.List;

/** Why a latent: the memory of the key-value cache. */
final class CacheSection implements Section {
    private final DeepSeekConfig trained;

    /** @param trained the model that a later section trains */
    CacheSection(DeepSeekConfig trained) {
        this.trained = trained;
    }

    @Override
    public String id() {
        return "cache";
    }

    @Override
    public String title() {
        return "The cache that limits everything";
    }

    @Override
    public void run(Lesson lesson) {
        problem(lesson);
        shapes(lesson);
        headline(lesson);
        growth(lesson);
    }

    private static void problem(Lesson lesson) {
        lesson.text("A transformer writes one token at a time. Each new token looks back at the keys and values of "
                + "all tokens before it, so these are kept: in every layer, for every head, a key and a value a "
                + "token. That store, the *key-value cache*, grows with the text and soon outweighs what else a "
                + "sequence needs. It decides how long a text may get, how many people a machine can serve, and how "
                + "fast: all of it is read again for every token.");
        lesson.formula(
                "\\text{standard} = 2 \\cdot B \\cdot T \\cdot N \\cdot H \\quad \\text{latent} = B \\cdot T \\cdot R "
                        + "\\quad \\text{real row} = B \\cdot T \\cdot (R + H^R)",
                "$B$ sequences of $T$ tokens; $N$ heads of width $H$; values of one layer",
                "$R$ width of the latent: one vector a token from which keys and values of *all* heads can be made "
                        + "again",
                "$H^R$ width of the one rotated key that all heads share: positions cannot be in the latent, so a "
                        + "small key beside it carries them");
        lesson.text("Multi-head latent attention keeps the small vector in place of what is made of it. The founding "
                + "document counts the latent alone; a real cache holds the rotated key as well, so both are shown. "
                + "[DeepSeek-V2, arXiv:2405.04434, section 2.1]");
        lesson.code(CacheExperiment.class, "size");
    }

    private void shapes(Lesson lesson) {
        List<Row> rows = new ArrayList<>(CacheExperiment.teachingShapes());
        rows.add(CacheExperiment.of("v3", "DeepSeek-V3 itself", Presets.v3().mla()));
        rows.add(CacheExperiment.of("trained", "the model of this page", trained.mla()));
        Figures f = lesson.figures();
        f.put("paper.cache.latent_saved", 87.5, "%");
        f.put("paper.cache.latent_ratio", 8.0, "x");
        DataTable table = DataTable.of(
                "The cache of one layer for $2048$ tokens in F32, in MB of $2^{20}$ bytes.",
                "",
                "standard",
                "latent",
                "saved",
                "ratio",
                "real row",
                "saved",
                "ratio");
        for (Row r : rows) {
            String at = "cache." + r.id() + ".";
            f.put(at + "standard", r.standardMb(), "MB");
            f.put(at + "latent", r.latentMb(), "MB");
            f.put(at + "latent_saved", r.latentSaved(), "%");
            f.put(at + "latent_ratio", r.latentRatio(), "x");
            f.put(at + "row", r.rowMb(), "MB");
            f.put(at + "row_saved", r.rowSaved(), "%");
            f.put(at + "row_ratio", r.rowRatio(), "x");
            table = table.row(
                    r.label(),
                    "{=" + at + "standard:1}",
                    "{=" + at + "latent:2}",
                    "{" + at + "latent_saved:1}",
                    "{" + at + "latent_ratio:1}",
                    "{=" + at + "row:2}",
                    "{" + at + "row_saved:1}",
                    "{" + at + "row_ratio:1}");
        }
        lesson.table(table);
        lesson.finding("The first four rows are the founding document's, with a latent of a quarter of the width: it "
                + "says {paper.cache.latent_saved:1} and {paper.cache.latent_ratio:1} for each, and so it is, "
                + "whatever the width. What it calls DeepSeek-V3 is not that model's shape. The real one has $128$ "
                + "heads of $128$ and a latent of $512$ beside a key of $64$: it saves {cache.v3.row_saved:1}, a "
                + "factor of {cache.v3.row_ratio:1}.");
    }

    private static void headline(Lesson lesson) {
        Headline h = Headline.ofDeepSeekV2();
        Figures f = lesson.figures();
        f.put("paper.cache.headline", 93.3, "%");
        f.put("cache.headline.dense_values", h.denseValues());
        f.put("cache.headline.dense_bits", h.denseBits());
        f.put("cache.headline.dense_bytes", h.denseBytes());
        f.put("cache.headline.latent_values", h.latentValues());
        f.put("cache.headline.latent_bits", h.latentBits());
        f.put("cache.headline.latent_bytes", h.latentBytes());
        f.put("cache.headline.saved_values", h.savedValues(), "%");
        f.put("cache.headline.saved_bytes", h.savedBytes(), "%");
        lesson.heading("Where the famous {paper.cache.headline:1} comes from");
        lesson.text(
                "Not from one shape with and without a latent, but from two models as they were served: DeepSeek-67B, "
                        + "whose query heads share $8$ key-value heads already, at $16$ bits, and DeepSeek-V2, whose "
                        + "latents are stored in $6$ bits on average. [DeepSeek-V2, arXiv:2405.04434, section 3.2.3]");
        lesson.table(DataTable.of("A token over all layers.", "", "values", "bits", "bytes")
                .row(
                        "DeepSeek-67B, $95$ layers of $2 \\times 8 \\times 128$",
                        "{cache.headline.dense_values}",
                        "{cache.headline.dense_bits}",
                        "{cache.headline.dense_bytes}")
                .row(
                        "DeepSeek-V2, $60$ layers of $512 + 64$",
                        "{cache.headline.latent_values}",
                        "{cache.headline.latent_bits}",
                        "{cache.headline.latent_bytes}")
                .row("saved", "{cache.headline.saved_values:1}", "", "{cache.headline.saved_bytes:2}"));
        lesson.finding(
                "Fewer values alone save {cache.headline.saved_values:1}, against a model that saved before; with "
                        + "fewer bits it is {cache.headline.saved_bytes:2}, the paper's {paper.cache.headline:1}. "
                        + "Against attention of the same shape that keeps all heads a latent saves more: "
                        + "{cache.v3.row_saved:1} in V3.");
    }

    private void growth(Lesson lesson) {
        double[] lengths = new double[18];
        for (int i = 0; i < lengths.length; i++) {
            lengths[i] = Math.pow(2, i);
        }
        LineChart chart = new LineChart("Cache of a sequence, all layers", "tokens in the context", "MiB")
                .logLog()
                .size(640, 460);
        Figures f = lesson.figures();
        for (Growth g : CacheExperiment.growth(trained)) {
            f.put("cache.token." + g.id(), g.bytesAToken(), "bytes");
            chart = g.hypothetical()
                    ? chart.dashed(g.label(), lengths, g.mebibytes(lengths))
                    : chart.curve(g.label(), lengths, g.mebibytes(lengths));
        }
        lesson.heading("A whole model, as the text grows");
        lesson.picture(
                "cache-growth",
                chart,
                "Every cache grows in proportion to the text, so all lines have slope one; a latent moves the line "
                        + "down. Published models in $16$ bit, ours in F32. Look at V3: with its {cache.token.v3} a "
                        + "token it lies below GPT-2 XL with {cache.token.gpt2xl}, a model of a four-hundredth of "
                        + "V3's size; keeping all heads it would take {cache.token.v3full}. (GPT-2 was made for "
                        + "$1024$ tokens; its lines go on for comparison.)");
    }
}
