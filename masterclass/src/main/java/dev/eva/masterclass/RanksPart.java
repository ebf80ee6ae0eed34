package dev.eva.masterclass;

import dev.eva.masterclass.RanksExperiment.Results;
import dev.eva.masterclass.RanksExperiment.Row;
import dev.eva.report.BarChart;
import dev.eva.report.DataTable;
import dev.eva.report.Figures;
import java.util.List;

/** The part on distributed training: processes that share a step, and how far that is from DeepSeek-V3's clusters. */
final class RanksPart {
    private static final int STEPS = 24;
    private static final int STEPS_QUICK = 4;
    private static final int BATCH = 4;
    private static final int BATCH_QUICK = 2;
    private static final double MIB = 1 << 20;

    private RanksPart() {}

    static void run(Lesson lesson) {
        lesson.heading("Training by several processes");
        lesson.text("A step's loss is a mean over many sequences, so its gradient is a mean, too, and the sequences "
                + "can be dealt out: every process, a *rank*, has the whole model, takes its share of the batches, and "
                + "what must be exchanged is one gradient each. This is *data parallelism*. Two things can go wrong. "
                + "The exchange can take longer than the shared work saves. And floating-point addition depends on its "
                + "order: added as they happen to arrive, the same gradients give other bits in every run, and a loss "
                + "that explodes after a day cannot be looked for twice. Here the order is fixed:");
        lesson.formula(
                "g_m = \\frac{1}{A} \\nabla L(\\theta; x_m) \\quad s = (((g_0 + g_1) + g_2) + \\dots) + g_{A-1}",
                "$x_m$ the ids of batch $m$ of $A$, $(B, T + 1)$; $\\theta$ the trained values, $(P)$",
                "$g_m$ its gradient, $(P)$ in float32, computed by rank $m$ mod $N$; $N$ ranks, $A$ a multiple "
                        + "of $N$",
                "$s$ the step's gradient, $(P)$, whose elements $\\lfloor P r / N \\rfloor$ to "
                        + "$\\lfloor P (r + 1) / N \\rfloor$ rank $r$ adds up, so that adding is shared as well");
        lesson.text("Then every rank makes the whole update from the same $s$, and all have the same weights again "
                + "without sending any: one number, the gradient's norm, is compared to be sure of it. The ranks are "
                + "*processes of one machine*, and $s$ and all $g_m$ lie in one file that each of them maps into its "
                + "memory; what is below is copied by the memory bus, not sent over a network.");
        lesson.code(RanksExperiment.class, "share");
        lesson.code(RanksExperiment.class, "steps");
        boolean quick = lesson.settings().quick();
        int steps = quick ? STEPS_QUICK : STEPS;
        Results results = RanksExperiment.run(
                folder -> RanksExperiment.begin(
                        folder, steps, quick ? BATCH_QUICK : BATCH, lesson.settings().seed()),
                steps,
                lesson::progress);
        table(lesson, results);
        picture(lesson, results.rows());
        finding(lesson);
        clusters(lesson);
    }

    private static void table(Lesson lesson, Results results) {
        Figures f = lesson.figures();
        List<Row> rows = results.rows();
        long file = rows.getLast().file();
        f.put("phase2.ranks.parameters", results.parameters());
        f.put("phase2.ranks.steps", rows.getFirst().steps().size());
        f.put("phase2.ranks.step_tokens", rows.getFirst().tokens());
        f.put("phase2.ranks.gradient", results.parameters() * Float.BYTES / MIB, "MiB");
        f.put("phase2.ranks.file", file / MIB, "MiB");
        DataTable table = DataTable.of(
                "The preset of the trained model, {phase2.ranks.parameters} values; {phase2.ranks.steps} steps of "
                        + "{phase2.ranks.step_tokens} tokens in $2$ batches, a step of each way in turn. Time: median "
                        + "of the second half of the steps. Exchanged: what a rank writes into shared memory and reads "
                        + "from it. The last two columns count what has other bits than in the first row.",
                "",
                "ms a step",
                "from",
                "to",
                "speed-up",
                "MiB exchanged a step",
                "weights",
                "losses, norms");
        double alone = rows.getFirst().stepTime().median();
        for (Row r : rows) {
            String at = "phase2.ranks." + r.way().id() + ".";
            f.put(at + "step_time", 1e3 * r.stepTime().median(), "ms");
            f.put(at + "quickest", 1e3 * r.stepTime().min(), "ms");
            f.put(at + "slowest", 1e3 * r.stepTime().max(), "ms");
            f.put(at + "speed_up", alone / r.stepTime().median(), "x");
            f.put(at + "moved", r.moved() / MIB, "MiB");
            f.put(at + "weights", r.weights());
            f.put(at + "unlike", r.unlike());
            table = table.row(
                    r.way().label(),
                    "{=" + at + "step_time:0}",
                    "{=" + at + "quickest:0}",
                    "{=" + at + "slowest:0}",
                    "{" + at + "speed_up:2}",
                    "{=" + at + "moved:1}",
                    "{" + at + "weights}",
                    "{" + at + "unlike}");
        }
        lesson.table(table);
    }

    private static void picture(Lesson lesson, List<Row> rows) {
        lesson.picture(
                "phase2-ranks",
                new BarChart(
                                "Time of the same step",
                                "",
                                "ms",
                                rows.stream().map(r -> r.way().name()).toList())
                        .bars(
                                "median",
                                rows.stream()
                                        .mapToDouble(
                                                r -> Math.rint(1e3 * r.stepTime().median()))
                                        .toArray())
                        .labels(),
                "Twice the cores would halve the first bar if all work could be shared and nothing were exchanged.");
    }

    private static void finding(Lesson lesson) {
        lesson.finding("Two threads take a step {phase2.ranks.threads.speed_up:2} as fast as one, two processes "
                + "{phase2.ranks.ranks.speed_up:2}. Of {phase2.ranks.parameters} weights, "
                + "{phase2.ranks.threads.weights} and {phase2.ranks.ranks.weights} have other bits than those of one "
                + "thread after {phase2.ranks.steps} steps, and {phase2.ranks.threads.unlike} and "
                + "{phase2.ranks.ranks.unlike} of the steps another loss or norm: how the work is shared must not "
                + "show, and these four numbers say whether it does.");
        lesson.text("A gradient here is {phase2.ranks.gradient:1}, the file with those of both ranks and the sum "
                + "{phase2.ranks.file:1}. A step of a rank writes its gradient once, reads its half of both, writes "
                + "its half of the sum and reads the sum: {phase2.ranks.ranks.moved:1}, little beside what its "
                + "products read. What two processes do not share is the optimizer: each makes the whole update, "
                + "Muon's matrix iteration included, where two threads share it. Processes pay where threads end: on "
                + "the next machine. But there is no next machine yet; Eva's ranks meet in one machine's memory.");
    }

    private static void clusters(Lesson lesson) {
        lesson.text("DeepSeek-V3 could not be trained like this [DeepSeek-V3, section 3]. Its $671$ billion parameters "
                + "and the optimizer's moments fit no single GPU, so no rank has the whole model. On $2048$ GPUs, the "
                + "layers are dealt out to $16$ stages of a *pipeline*; the experts of a layer to $64$ GPUs of $8$ "
                + "nodes, *expert parallelism*, where tokens travel to their experts and back in every layer, each to "
                + "at most $4$ nodes, and the FP8 of section $6$ halves what is sent; DualPipe runs these exchanges "
                + "while other batches compute. Around all that is the data parallelism of this section, with the "
                + "optimizer's state dealt out as well (ZeRO-1): a rank updates its part of the weights and sends it. "
                + "Of these, Eva has data parallelism alone.");
    }
}
