package dev.eva.masterclass;

import dev.eva.masterclass.LatentExperiment.Result;
import dev.eva.report.BarChart;
import dev.eva.report.Chart;
import dev.eva.report.Figures;
import dev.eva.report.HeatMap;
import dev.eva.report.Panels;
import dev.eva.tensor.Tensor;
import java.util.List;

/** The same forward pass, to look at. */
final class LatentPictureSection implements Section {
    private static final int POSITIONS = 32;
    private static final int PANEL_WIDTH = 440;
    private static final int PANEL_HEIGHT = 260;
    private static final double KIB = 1024;

    private final LatentRun run;

    /** @param run the forward pass of the section before */
    LatentPictureSection(LatentRun run) {
        this.run = run;
    }

    @Override
    public String id() {
        return "mla-picture";
    }

    @Override
    public String title() {
        return "What flows through the latent";
    }

    @Override
    public void run(Lesson lesson) {
        Result r = run.result(lesson);
        int heads = LatentExperiment.HEADS;
        int head = LatentExperiment.HEAD;
        int rope = LatentExperiment.ROPE;
        Figures f = lesson.figures();
        f.put("mla-picture.standard", r.standardBytes() / KIB, "KiB");
        f.put("mla-picture.latent", r.cacheBytes() / KIB, "KiB");
        lesson.text(
                "The first $32$ positions of the first sequence of that pass, as they are: a row a position, a column "
                        + "a value. Queries, keys and values are those of all eight heads side by side, without the "
                        + "rotated part.");
        List<Chart> panels = List.of(
                map("input x (T, D)", r.input(), 0, LatentExperiment.WIDTH, 1, 0),
                map("latent c (T, R)", r.parts().latent(), 0, LatentExperiment.LATENT, 1, 0),
                map("Q (T, N·H)", r.parts().q(), 0, head, heads, head + rope),
                map("K (T, N·H)", r.parts().keyValue(), 0, head, heads, 2 * head),
                map("V (T, N·H)", r.parts().keyValue(), head, head, heads, 2 * head),
                new BarChart("cache of the pass", "", "KiB", List.of("standard", "latent"))
                        .bars(
                                "KiB",
                                f.get("mla-picture.standard").value(),
                                f.get("mla-picture.latent").value())
                        .labels()
                        .size(PANEL_WIDTH, PANEL_HEIGHT));
        lesson.picture(
                "mla-picture-panels",
                new Panels(2, panels),
                "Look at the widths: everything that attention needs, $8 \\times 64$ keys and as many values a token, "
                        + "comes out of the $128$ columns of the latent. The bars are what the two caches of this "
                        + "pass take: {mla-picture.standard} and {mla-picture.latent}.");
        lesson.finding(
                "Keys and values are no larger in content than the latent they are made of: {mla-picture.latent} hold "
                        + "what {mla-picture.standard} would. With random weights all panels look like noise; the "
                        + "structure of a trained model comes in a later section.");
    }

    /** Columns {@code at + n * stride .. + width} for each of {@code groups} heads n, of the first positions. */
    private static HeatMap map(String title, Tensor x, int at, int width, int groups, int stride) {
        double[][] values = new double[POSITIONS][width * groups];
        for (int n = 0; n < groups; n++) {
            float[] part = LatentExperiment.columns(x, at + n * stride, width);
            for (int t = 0; t < POSITIONS; t++) {
                for (int j = 0; j < width; j++) {
                    values[t][n * width + j] = part[t * width + j];
                }
            }
        }
        return new HeatMap(title, "column", "position", values).size(PANEL_WIDTH, PANEL_HEIGHT);
    }
}
