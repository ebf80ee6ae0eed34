package dev.eva.masterclass;

import dev.eva.masterclass.LatentExperiment.Result;
import dev.eva.report.DataTable;
import dev.eva.report.Figures;

/** One layer of latent attention, in both of its forms. */
final class LatentSection implements Section {
    private final LatentRun run;

    /** @param run the forward pass that the picture shows, too */
    LatentSection(LatentRun run) {
        this.run = run;
    }

    @Override
    public String id() {
        return "mla";
    }

    @Override
    public String title() {
        return "One layer of latent attention";
    }

    @Override
    public void run(Lesson lesson) {
        lesson.text("Attention compares a *query* of the newest token with the *key* of each token before it and mixes "
                + "their *values*. Latent attention makes keys and values in two steps: down to a narrow "
                + "vector that is kept, and up again to all heads when they are needed. [DeepSeek-V2, "
                + "arXiv:2405.04434, section 2.1.2]");
        lesson.formula(
                "c_t = \\text{norm}(W^{DKV} h_t) \\quad k_t^C = W^{UK} c_t \\quad v_t = W^{UV} c_t \\quad k_t^R = "
                        + "\\text{rope}_t(W^{KR} h_t)",
                "$h_t \\in (D)$ the token's state, $D = 512$; $c_t \\in (R)$ its latent, $R = 128$",
                "$k_t^C, v_t \\in (N \\cdot H)$ keys and values of all heads, $N = 8$ of $H = 64$",
                "$k_t^R \\in (H^R)$ one key for all heads that carries the position, $H^R = 32$",
                "kept for each token: $c_t$ and $k_t^R$, $R + H^R = 160$ values in place of $2 N H = 1024$");
        lesson.text("Why the second key? The way up can be moved to the query: $q \\cdot (W^{UK} c) = ((W^{UK})^T q) "
                + "\\cdot c$, so a score needs no key, only the latent. A rotation that depends on both positions "
                + "would stand between the two matrices and forbid that. So positions get a small key of their own, "
                + "and the score is a sum of two products.");
        lesson.formula(
                "s_{tj} = \\frac{q_t^C \\cdot k_j^C + q_t^R \\cdot k_j^R}{\\sqrt{H + H^R}} \\quad o_t = \\sum_{j \\le "
                        + "t} \\text{softmax}_j(s_{tj}) v_j",
                "a head of a query has two parts as well, $q^C$ of $H$ and $q^R$ of $H^R$ values");
        lesson.code(LatentExperiment.class, "forward");
        results(lesson, run.result(lesson));
    }

    private static void results(Lesson lesson, Result r) {
        Figures f = lesson.figures();
        f.put("mla.parameters", r.parameters());
        f.put("mla.compression", (double) LatentExperiment.WIDTH / LatentExperiment.LATENT, "x");
        f.put("mla.cache_bytes", r.cacheBytes(), "bytes");
        f.put("mla.standard_bytes", r.standardBytes(), "bytes");
        f.put("mla.cache_saved", 100 * (1 - (double) r.cacheBytes() / r.standardBytes()), "%");
        f.put("mla.variance_projected", r.varianceProjected());
        f.put("mla.variance_cached", r.varianceCached());
        f.put("mla.norm_projected", r.normProjected());
        f.put("mla.norm_cached", r.normCached());
        f.put("mla.largest_output", r.largest());
        f.put("mla.forms_difference", r.difference());
        f.put("paper.mla.compression", 4.0, "x");
        layer(lesson);
        quality(lesson);
        lesson.finding("Both forms of the layer, with keys and values made for all heads or with queries moved down "
                + "to the latents, give the same output up to {mla.forms_difference} of {mla.largest_output:2}: the "
                + "compression is part of the model, not an approximation of it. What is lost is lost in training and "
                + "in use alike, so the model learns to put what matters through the latent.");
    }

    private static void layer(Lesson lesson) {
        lesson.table(DataTable.of(
                        "The layer after a forward pass of $2$ sequences of $64$ tokens, random weights and inputs.",
                        "",
                        "value")
                .row("parameters", "{mla.parameters}")
                .row("compression $D / R$ (founding document: {paper.mla.compression:1})", "{mla.compression:1}")
                .row("both caches hold", "{mla.cache_bytes}")
                .row("standard caches would hold", "{mla.standard_bytes}")
                .row("saved", "{mla.cache_saved:1}")
                .row("largest output", "{mla.largest_output:3}")
                .row("largest difference with cache and without", "{mla.forms_difference}"));
    }

    private static void quality(Lesson lesson) {
        lesson.text(
                "What the founding document calls the quality of the compression are two ratios: of the variance and "
                        + "of the mean length, latent against input. Before its norm the latent of a fresh layer is "
                        + "small because fresh weights are (standard deviation $0.02$: a variance of $512 \\cdot "
                        + "0.02^2 = 0.2$ is expected); the norm, which DeepSeek applies before the latent is kept, "
                        + "sets it to one.");
        lesson.table(DataTable.of("Latent against input.", "", "as projected", "after the norm, as kept")
                .row(
                        "variance, $\\text{Var}(c) / \\text{Var}(x)$",
                        "{mla.variance_projected:3}",
                        "{mla.variance_cached:3}")
                .row(
                        "mean length, $\\norm c \\norm / \\norm x \\norm$",
                        "{mla.norm_projected:3}",
                        "{mla.norm_cached:3}"));
    }
}
