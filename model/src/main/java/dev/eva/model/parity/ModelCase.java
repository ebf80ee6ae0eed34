package dev.eva.model.parity;

import dev.eva.mla.LatentCache;
import dev.eva.mla.MlaDecode;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.HfNames;
import dev.eva.model.checkpoint.MappedModel;
import dev.eva.model.generate.Generator;
import dev.eva.model.generate.Sampling;
import dev.eva.model.parity.Tolerance.Scale;
import dev.eva.moe.Routing;
import dev.eva.nn.Parameter;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.autograd.Tape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * A checkpoint with what another implementation computes from it: everything in a forward and a backward pass, decoding
 * over the latent cache, and a greedy continuation. Weights in FP8 blocks are widened to float32, as the reference has
 * them.
 */
final class ModelCase {
    static final Tolerance LOGITS = Tolerance.absolute(2e-4);
    static final Tolerance HIDDEN = Tolerance.relative(3e-5, Scale.LARGEST);
    static final Tolerance LOSS = Tolerance.absolute(2e-5);
    private static final Tolerance GRADIENT =
            Tolerance.relative(5e-5, Scale.LARGEST).plus(1e-6);

    private static final Predicate<String> FORWARD = Pattern.compile(
                    "(mtp_)?logits.*|.*loss|final_norm|(hidden|attn|router|grad|mtp)\\..+")
            .asMatchPredicate();
    private static final Predicate<String> PREDICTION =
            Pattern.compile("mtp[._].+|total_loss").asMatchPredicate();

    private final DeepSeekModel model;
    private final Sheet sheet;

    private ModelCase(DeepSeekModel model, Sheet sheet) {
        this.model = model;
        this.sheet = sheet;
    }

    static void compare(Path folder, Sheet sheet) {
        ModelCase c = new ModelCase(Checkpoint.load(folder), sheet);
        if (sheet.open().stream().anyMatch(FORWARD)) {
            IntTensor ids = sheet.ints("input_ids", 2);
            boolean ofPrediction =
                    sheet.has("total_loss") && c.model.predictionLayers().isEmpty();
            c.passes(ids, !ofPrediction && sheet.open().stream().anyMatch(n -> n.startsWith("grad.")));
            c.decoding(ids);
            try (MappedModel mapped = Checkpoint.openMapped(folder)) {
                new ModelCase(mapped.model(), sheet).mapped(ids);
            }
        }
        if (sheet.has("generated_ids")) {
            c.continuation();
        }
        if (c.model.predictionLayers().isEmpty()) {
            String why = "the model has no multi-token prediction layer";
            sheet.skip(PREDICTION, why);
            sheet.skip(n -> sheet.has("total_loss") && n.startsWith("grad."), why);
        }
        new QuantisedCase(folder, sheet).compare();
    }

    /** The same logits from weights that are read in their stored type, where they lie. */
    private void mapped(IntTensor ids) {
        if (sheet.has("logits")) {
            try (Workspace.Scope step = new Workspace().open()) {
                float[] logits = model.forward(ids).logits().toArray();
                sheet.compareAgain("logits", "mapped", Sheet.doubles(logits), LOGITS);
            }
        }
    }

    /** Forward and, where gradients are asked for, backward. */
    private void passes(IntTensor ids, boolean backward) {
        Map<String, float[]> seen = new LinkedHashMap<>();
        try (Workspace.Scope step = new Workspace().open();
                Tape tape = backward ? Tape.open() : null) {
            DeepSeekModel.Output out = model.forward(ids, (what, layer, value) -> {
                String name = name(what, layer);
                if (sheet.has(name)) {
                    seen.put(name, value.toArray());
                }
            });
            sheet.close("logits", () -> out.logits().toArray(), LOGITS);
            seen.forEach((name, value) -> sheet.close(name, () -> value, HIDDEN));
            routings(out.routings());
            losses(out, ids, tape);
        }
        if (backward) {
            gradients();
        }
    }

    /** The main loss and that of multi-token prediction; gradients are those of both together where there are both. */
    private void losses(DeepSeekModel.Output out, IntTensor ids, Tape tape) {
        PredictionCase prediction = new PredictionCase(model, sheet);
        if (tape == null && !sheet.has("loss") && !prediction.applies()) {
            return;
        }
        Tensor loss = NextToken.loss(out.logits(), ids);
        sheet.close("loss", loss::toArray, LOSS);
        if (prediction.applies()) {
            Tensor total = prediction.compare(out, ids, loss);
            loss = sheet.has("total_loss") ? total : loss;
        }
        if (tape != null) {
            tape.backward(loss);
        }
    }

    /** What the reference calls a value that {@link dev.eva.model.Probe} shows. */
    private static String name(String what, int layer) {
        return switch (what) {
            case "hidden" -> "hidden." + (layer + 1);
            case "norm" -> "final_norm";
            case "router.logits" -> "router." + layer + ".logits";
            default -> what + "." + layer;
        };
    }

    /** The tolerance of the weights of experts. */
    static Tolerance gates(DeepSeekModel model) {
        return Tolerance.absolute(1e-5 * Math.max(1, model.config().moe().routedScalingFactor()));
    }

    /** Both have the experts of a token by rising id. */
    private void routings(List<Routing> routings) {
        for (int i = 0; i < routings.size(); i++) {
            Routing r = routings.get(i);
            String layer = "router." + (model.config().firstKDenseReplace() + i);
            sheet.equal(layer + ".indices", () -> r.expertIds().array());
            sheet.close(layer + ".weights", () -> r.weights().toArray(), gates(model));
        }
    }

    private void gradients() {
        for (Parameter p : model.parameters()) {
            if (p.role() != Parameter.Role.BUFFER) {
                float[] all = p.value().gradOrZeros().toArray();
                for (HfNames.Piece piece :
                        HfNames.pieces(p.name(), p.value().shape().dims())) {
                    int from = piece.offset();
                    sheet.close(
                            "grad." + piece.name(), () -> Arrays.copyOfRange(all, from, from + piece.size()), GRADIENT);
                }
            }
        }
    }

    /** The same logits token by token, by absorbed attention over the latent cache. */
    private void decoding(IntTensor ids) {
        if (!sheet.has("logits")) {
            return;
        }
        int length = ids.dim(1);
        int vocab = model.config().vocabSize();
        double[] decoded = new double[ids.size() * vocab];
        List<MlaDecode> attention =
                model.layers().stream().map(l -> new MlaDecode(l.attn())).toList();
        Workspace workspace = new Workspace();
        for (int b = 0; b < ids.dim(0); b++) {
            List<LatentCache> caches = IntStream.range(0, attention.size())
                    .mapToObj(l -> new LatentCache(model.config().mla(), length))
                    .toList();
            for (int t = 0; t < length; t++) {
                int at = b * length + t;
                int position = t;
                try (Workspace.Scope step = workspace.open()) {
                    Tensor x = model.hidden(
                            IntTensor.of(new int[] {ids.get(at)}, 1, 1),
                            l -> h -> attention.get(l).forward(h, caches.get(l), position));
                    Tensor logits = model.logits(x);
                    for (int v = 0; v < vocab; v++) {
                        decoded[at * vocab + v] = logits.get(v);
                    }
                }
            }
        }
        sheet.compareAgain("logits", "decoded", decoded, LOGITS);
    }

    /** The likeliest tokens after each prompt. */
    private void continuation() {
        IntTensor prompts = sheet.ints("prompt_ids", 2);
        int each = sheet.size("generated_ids") / Math.max(1, prompts.dim(0));
        Generator generator = new Generator(model, Sampling.GREEDY);
        IntStream.Builder tokens = IntStream.builder();
        for (int b = 0; b < prompts.dim(0); b++) {
            int[] prompt = Arrays.copyOfRange(prompts.array(), b * prompts.dim(1), (b + 1) * prompts.dim(1));
            generator.generate(prompt, each, new SplittableRandom(0), id -> {
                tokens.add(id);
                return true;
            });
        }
        sheet.equal("generated_ids", () -> tokens.build().toArray());
    }
}
