package dev.eva.model.parity;

import dev.eva.model.checkpoint.CheckpointException;
import dev.eva.model.checkpoint.HfNames;
import dev.eva.model.checkpoint.JsonFields;
import dev.eva.nn.Parameter;
import dev.eva.nn.optim.AdamW;
import dev.eva.nn.optim.Muon;
import dev.eva.nn.optim.Optimizer;
import dev.eva.nn.optim.WeightDecay;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * {@code train.json}: where a training case starts and how its parameters move.
 *
 * @param file for messages
 * @param json its content
 * @param start checkpoint with the first weights
 * @param lr learning rate of every step
 * @param clip largest norm of the gradients, infinite where they are left alone
 * @param balanceAlpha weight of the balance loss
 * @param biasGamma step of the routing bias
 */
record Recipe(Path file, JsonFields json, Path start, float lr, float clip, float balanceAlpha, float biasGamma) {
    private static final double[] NEWTON_SCHULZ = {3.4445, -4.7750, 2.0315};
    private static final int NEWTON_SCHULZ_STEPS = 5;

    /** How a parameter moves. */
    private record Choice(boolean muon, boolean decay) {}

    static Recipe read(Path folder) {
        Path file = folder.resolve("train.json");
        JsonFields json = JsonFields.read(file);
        String start = json.text("start").orElseThrow(() -> new CheckpointException(file + ": start: missing"));
        float clip = (float) json.number("clip", 0);
        return new Recipe(
                file,
                json,
                folder.toAbsolutePath().normalize().resolveSibling(start),
                (float) json.number("lr"),
                clip > 0 ? clip : Float.POSITIVE_INFINITY,
                (float) json.number("balance_alpha", 0),
                (float) json.number("bias_gamma", 0));
    }

    /** One optimizer for each kind that some parameter asks for. */
    List<Optimizer> optimizers(List<Parameter> parameters) {
        List<Parameter> byMuon = new ArrayList<>();
        List<Parameter> byAdamW = new ArrayList<>();
        Set<String> decaying = new HashSet<>();
        for (Parameter p : parameters) {
            if (p.role() != Parameter.Role.BUFFER) {
                Choice choice = choice(p);
                (choice.muon ? byMuon : byAdamW).add(p);
                if (choice.decay) {
                    decaying.add(p.name());
                }
            }
        }
        WeightDecay decay = new WeightDecay((float) json.number("weight_decay", 0), p -> decaying.contains(p.name()));
        List<Optimizer> all = new ArrayList<>();
        if (!byAdamW.isEmpty()) {
            all.add(new AdamW(byAdamW, moments(), decay));
        }
        if (!byMuon.isEmpty()) {
            checkMuon();
            all.add(new Muon(byMuon, json.number("muon_momentum", 0.95), moments(), decay));
        }
        return all;
    }

    private AdamW.Moments moments() {
        List<Double> betas = numbers("betas");
        if (betas.size() != 2) {
            throw wrong("betas", "need two numbers");
        }
        return new AdamW.Moments(betas.get(0), betas.get(1), json.number("eps", 1e-8));
    }

    private List<Double> numbers(String key) {
        List<Double> values = new ArrayList<>();
        for (JsonNode n : json.node().path(key)) {
            if (!n.isNumber()) {
                throw wrong(key, "need numbers");
            }
            values.add(n.doubleValue());
        }
        return values;
    }

    /** The constants that the iteration of Eva's Muon has. */
    private void checkMuon() {
        if (!json.flag("nesterov", true)) {
            throw wrong("nesterov", "only true is computed");
        }
        if (json.integer("ns_steps", NEWTON_SCHULZ_STEPS) != NEWTON_SCHULZ_STEPS) {
            throw wrong("ns_steps", "only " + NEWTON_SCHULZ_STEPS + " is computed");
        }
        List<Double> given = numbers("ns_coefficients");
        for (int i = 0; i < given.size(); i++) {
            if (given.size() != NEWTON_SCHULZ.length || given.get(i) != NEWTON_SCHULZ[i]) {
                throw wrong("ns_coefficients", "only 3.4445, -4.7750, 2.0315 are computed");
            }
        }
    }

    /** A parameter of Eva may be several tensors of a checkpoint, which then must have the same. */
    private Choice choice(Parameter p) {
        Choice all = null;
        for (HfNames.Piece piece : HfNames.pieces(p.name(), p.value().shape().dims())) {
            Choice one = choice(piece.name());
            if (all != null && !all.equals(one)) {
                throw wrong("parameters." + piece.name(), "is moved together with others that have another choice");
            }
            all = one;
        }
        if (all.muon && p.role() != Parameter.Role.MATRIX) {
            throw wrong("parameters." + p.name(), "muon is for hidden matrices; need adamw");
        }
        return all;
    }

    private Choice choice(String name) {
        JsonFields own = json.object("parameters")
                .flatMap(all -> all.object(name))
                .or(() -> name.contains(".mlp.experts.") ? json.object("experts_optimizer") : Optional.empty())
                .orElseThrow(() -> wrong("parameters." + name, "missing; need an object with optimizer and decay"));
        String optimizer = own.text("optimizer").orElse("");
        if (!optimizer.equals("adamw") && !optimizer.equals("muon")) {
            throw wrong("parameters." + name + ".optimizer", "is \"" + optimizer + "\"; need adamw or muon");
        }
        return new Choice(optimizer.equals("muon"), own.flag("decay", false));
    }

    private CheckpointException wrong(String key, String what) {
        return new CheckpointException(file + ": " + key + ": " + what);
    }
}
