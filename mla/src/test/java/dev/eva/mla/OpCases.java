package dev.eva.mla;

import dev.eva.nn.Linear;
import dev.eva.nn.RmsNorm;
import dev.eva.nn.RopeConfig;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.testing.OpCase;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The cases of this module's op, alone and inside the whole layer. */
final class OpCases {
    private OpCases() {}

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        MlaConfig smallest = new MlaConfig(1, 1, new QueryProjection.Direct(), 1, 1, 2, 1, RopeConfig.plain(100));
        cases.add(attention(smallest, 1, 1));
        cases.add(attention(smallest, 2, 3));
        cases.add(attention(MlaOracle.lowRank(), 1, 7));
        cases.add(attention(MlaOracle.direct(), 3, 5));
        cases.add(attention(MlaOracle.lowRank(), 2, 33));
        cases.add(attention(MlaOracle.wide(), 1, 70));
        cases.add(layer(MlaOracle.lowRank(), 2, 5));
        cases.add(layer(MlaOracle.direct(), 2, 6));
        return cases;
    }

    private static OpCase attention(MlaConfig c, int batch, int length) {
        MlaWeights w = MlaOracle.weights(c, 1);
        int n = c.numAttentionHeads();
        int rows = batch * length;
        return OpCase.of(
                "mlaAttention " + c.query() + " " + batch + "x" + length,
                MlaAttention.class,
                x -> MlaAttention.mlaAttention(x[0], x[1], x[2], w, batch, length),
                x -> new MlaOracle(c, batch, length).attention(x[0], x[1], x[2]),
                Shape.of(rows, n * c.qkHeadDim()),
                Shape.of(rows, n * (c.qkNopeHeadDim() + c.vHeadDim())),
                Shape.of(rows, c.qkRopeHeadDim()));
    }

    /** Inputs: x, then the parameters in the order of {@link MlaWeights#visit}. */
    private static OpCase layer(MlaConfig c, int batch, int length) {
        List<String> names = new ArrayList<>();
        List<Shape> shapes = new ArrayList<>(List.of(Shape.of(batch * length, c.hiddenSize())));
        MlaOracle.weights(c, 1).parameters().forEach(p -> {
            names.add(p.name());
            shapes.add(p.value().shape());
        });
        return OpCase.of(
                        "mlaTrain " + c.query() + " " + batch + "x" + length,
                        MlaAttention.class,
                        x -> new MlaTrain(weights(c, x)).forward(x[0], batch, length),
                        x -> {
                            Map<String, double[]> w = new HashMap<>();
                            for (int i = 0; i < names.size(); i++) {
                                w.put(names.get(i), x[i + 1]);
                            }
                            return new MlaOracle(c, batch, length).layer(w, x[0]);
                        },
                        shapes.toArray(Shape[]::new))
                .withStd(0.5f)
                .withTolerance(1e-4);
    }

    private static MlaWeights weights(MlaConfig c, Tensor[] x) {
        boolean direct = c.query() instanceof QueryProjection.Direct;
        QueryWeights query = direct
                ? new QueryWeights.Direct(new Linear(x[1]))
                : new QueryWeights.LowRank(new Linear(x[1]), norm(x[2]), new Linear(x[3]));
        int i = direct ? 2 : 4;
        return new MlaWeights(c, query, new Linear(x[i]), norm(x[i + 1]), new Linear(x[i + 2]), new Linear(x[i + 3]));
    }

    private static RmsNorm norm(Tensor gains) {
        return new RmsNorm(gains, MlaConfig.LATENT_NORM_EPS);
    }
}
