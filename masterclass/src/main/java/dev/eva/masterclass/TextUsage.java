package dev.eva.masterclass;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.text.TokenRange;
import dev.eva.moe.ExpertUsage;
import dev.eva.moe.Routing;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;

/**
 * Where a model sends the tokens of a text: {@code u_e} of each expert of each layer, over windows of the text that do
 * not overlap. A text that was not trained on shows what a user would meet.
 */
final class TextUsage {
    /** Windows that go through the model at once. */
    private static final int BATCH = 16;

    private TextUsage() {}

    /**
     * Counts.
     *
     * @param length tokens of a window
     * @param tokens how many to look at, about; at least a window
     * @return the usage of each layer with experts, in their order
     */
    static List<ExpertUsage> of(DeepSeekModel model, TokenRange text, int length, long tokens) {
        long windows = Math.min(tokens, text.size()) / length;
        if (windows < 1) {
            throw new IllegalArgumentException(
                    "usage: " + Math.min(tokens, text.size()) + " tokens; need at least a window of " + length);
        }
        List<ExpertUsage> layers = new ArrayList<>();
        for (int l = 0; l < model.config().moeLayers(); l++) {
            layers.add(new ExpertUsage(model.config().moe().nRoutedExperts()));
        }
        Workspace workspace = new Workspace();
        for (long w = 0; w < windows; w += BATCH) {
            int batch = (int) Math.min(BATCH, windows - w);
            int[] ids = new int[batch * length];
            text.read(w * length, ids.length, ids, 0);
            try (Workspace.Scope scope = workspace.open()) {
                List<Routing> routings =
                        model.forward(IntTensor.of(ids, batch, length)).routings();
                for (int l = 0; l < layers.size(); l++) {
                    layers.get(l).add(routings.get(l));
                }
            }
        }
        return layers;
    }
}
