package dev.eva.masterclass;

import dev.eva.masterclass.MiniModelExperiment.Pass;
import dev.eva.masterclass.MiniModelExperiment.Shape;
import dev.eva.report.BarChart;
import dev.eva.report.DataTable;
import dev.eva.report.Figures;
import java.util.Arrays;
import java.util.List;

/** How the parts fit: the pre-norm block, and the smallest model that is made of it. */
final class BlockSection implements Section {
    private static final double THOUSAND = 1000;

    @Override
    public String id() {
        return "block";
    }

    @Override
    public String title() {
        return "A block, and a model of blocks";
    }

    @Override
    public void run(Lesson lesson) {
        equations(lesson);
        Shape shape = Shape.mini();
        statistics(lesson, shape);
        parameters(lesson);
        pass(lesson, MiniModelExperiment.forward(lesson.random("block")));
    }

    private static void equations(Lesson lesson) {
        lesson.text("Latent attention moves information between tokens, experts work on each token by itself. A "
                + "block does one after the other, and neither replaces what comes in: each *adds* to it. What "
                + "flows through the model is one vector a token, the residual stream, to which every block "
                + "contributes. So the gradient reaches the first block through plain additions, however many "
                + "blocks there are.");
        lesson.formula("h = x + \\text{MLA}(\\text{norm}_1(x))");
        lesson.formula("y = h + \\text{MoE}(\\text{norm}_2(h))");
        lesson.formula(
                "\\text{norm}_i(x) = g_i \\odot \\frac{x}{\\sqrt{\\frac{1}{D} \\sum_{d=1}^{D} x_d^2 + \\epsilon}}",
                "$x, h, y$ the residual stream, one row of width $D$ a token: $(B T, D)$",
                "$g_i$ gains, $(D)$, one a channel, learned",
                "$\\epsilon = 10^{-6}$ keeps a row of zeros from dividing by zero");
        lesson.text("The norm stands in front of each part and not behind the sum (*pre-norm*): the stream itself "
                + "is never rescaled. Embedding in front, a last norm and a matrix onto the vocabulary behind, "
                + "and the model is whole: $\\text{logits} = W_{\\text{head}} \\cdot \\text{norm}(x_L)$, $(B T, "
                + "V)$. [DeepSeek-V3, arXiv:2412.19437, section 2.1]");
        lesson.code(MiniModelExperiment.class, "forward");
    }

    private static void statistics(Lesson lesson, Shape shape) {
        Figures f = lesson.figures();
        f.put("block.parameters", shape.count().total());
        f.put("block.active", shape.count().active());
        f.put("block.layers", shape.config().numHiddenLayers());
        f.put("block.experts", shape.config().moe().nRoutedExperts());
        f.put("block.top_k", shape.config().moe().numExpertsPerTok());
        f.put("block.latent_saved", shape.latentSaved(), "%");
        f.put("block.row", shape.config().mla().cacheRow());
        f.put("block.standard_row", shape.config().mla().standardCacheRow());
        f.put("block.row_saved", shape.rowSaved(), "%");
        f.put("block.speed_up", shape.speedUp(), "x");
        lesson.heading("The mini model");
        lesson.table(DataTable.of(
                        "The founding document's mini model: width $256$, $4$ heads, vocabulary " + "$1000$.", "", "")
                .row("parameters", "{block.parameters}")
                .row("of which a token uses", "{block.active}")
                .row("layers", "{block.layers}")
                .row("experts a layer", "{block.experts}")
                .row("experts a token", "{block.top_k}")
                .row("cache saved, by the document's formula $1 - R / 2 N H$", "{block.latent_saved:1}")
                .row("values of the real cache row, a token and layer", "{block.row}")
                .row("values of a standard cache of its heads", "{block.standard_row}")
                .row("cache saved, by the real row", "{block.row_saved:1}")
                .row("speed-up of the experts in theory, $E / K$", "{block.speed_up:1}"));
    }

    private static void parameters(Lesson lesson) {
        Figures f = lesson.figures();
        List<MiniModelExperiment.Part> parts = MiniModelExperiment.parts();
        parts.forEach(p -> f.put("block.part." + p.id(), p.values()));
        lesson.picture(
                "block-parameters",
                new BarChart(
                                "Where the mini model's parameters are",
                                "",
                                "thousand parameters",
                                parts.stream()
                                        .map(MiniModelExperiment.Part::label)
                                        .toList())
                        .bars(
                                "parameters",
                                parts.stream()
                                        .mapToDouble(p -> p.values() / THOUSAND)
                                        .toArray()),
                "Nearly all of the model is experts: {block.part.experts} of {block.parameters}. That is what "
                        + "makes a mixture worth while, for a token pays for {block.top_k} of {block.experts} only.");
    }

    private static void pass(Lesson lesson, Pass pass) {
        Figures f = lesson.figures();
        f.put("block.logits_min", pass.logits().min());
        f.put("block.logits_max", pass.logits().max());
        f.put("block.counted", total(pass.counted()));
        f.put("block.after_reset", total(pass.afterReset()));
        f.put("block.counted_again", total(pass.countedAgain()));
        lesson.finding("A forward pass of $2 \\times 64$ random tokens gives logits from {block.logits_min:2} to "
                + "{block.logits_max:2}, "
                + (pass.logits().finite() ? "all of them finite" : "*not all of them finite*")
                + ". Fresh weights know nothing, so no token is much likelier than another. The experts' counts "
                + "hold {block.counted} slots (tokens, times experts a token, times layers); after a reset "
                + "{block.after_reset}; after the same pass again {block.counted_again}, "
                + (pass.resets() ? "expert by expert what it was before." : "*but not what it was before.*"));
    }

    private static long total(long[][] counts) {
        return Arrays.stream(counts).flatMapToLong(Arrays::stream).sum();
    }
}
