package dev.eva.moe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Mistakes that others have reported of routers: a plain second router makes each, and on some of 200 problems it has
 * to differ from Eva's, which agrees with the plain one without mistakes on all.
 */
class RouterPitfallsTest {
    /** What is done wrong; the numbers are those of the list of pitfalls. */
    enum Mistake {
        NONE,
        /** 1: losing groups masked with 0, which beats a negative score. */
        MASKED_WITH_ZERO,
        /** 3: the gate from the biased score. */
        BIASED_GATES,
        /** 3: the score recovered from the biased one by subtraction. */
        GATES_BY_SUBTRACTION,
        /** 4: a group is as good as its best expert. */
        BEST_OF_GROUP,
        /** 5: the factor forgotten. */
        NO_FACTOR,
        /** 5: the factor twice. */
        FACTOR_TWICE,
        /** 6: the bias in bfloat16. */
        BIAS_IN_BF16
    }

    private record Problem(int experts, int groups, int kept, int picks, float[] logits, float[] bias) {}

    private record Answer(int[] ids, float[] gates) {}

    private static List<Problem> problems() {
        SplittableRandom random = new SplittableRandom(12);
        List<Problem> all = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            int groups = 1 << random.nextInt(4);
            int experts = groups * (2 + random.nextInt(6));
            int kept = 1 + random.nextInt(groups);
            int picks = 1 + random.nextInt(Math.min(6, kept * experts / groups));
            boolean tiny = i % 5 == 0;
            float[] logits = new float[experts];
            float[] bias = new float[experts];
            for (int e = 0; e < experts; e++) {
                // Scores near 1e-8 with biases near 12 are lost in their sum.
                logits[e] = (float) (random.nextGaussian() - (tiny ? 18 : 0));
                bias[e] = (float) (tiny ? 12 + 0.1 * random.nextGaussian() : random.nextDouble() - 1.1);
            }
            all.add(new Problem(experts, groups, kept, picks, logits, bias));
        }
        return all;
    }

    private static Answer eva(Problem p) {
        MoeConfig config =
                new MoeConfig(1, p.experts, 0, p.picks, 1, new RoutingMethod.NoauxTc(p.groups, p.kept), true, 2.5);
        Routing r = new Router(config, Tensor.zeros(p.experts, 1), Tensor.of(p.bias, p.experts))
                .route(Tensor.of(p.logits, 1, p.experts));
        return new Answer(r.expertIds().array(), r.weights().toArray());
    }

    /** arXiv:2412.19437, equations 12 to 16, written down; ids ascend. */
    private static Answer plain(Problem p, Mistake mistake) {
        int each = p.experts / p.groups;
        float[] scores = new float[p.experts];
        float[] biased = new float[p.experts];
        for (int e = 0; e < p.experts; e++) {
            scores[e] = (float) (1 / (1 + Math.exp(-p.logits[e])));
            biased[e] = scores[e] + (mistake == Mistake.BIAS_IN_BF16 ? bf16(p.bias[e]) : p.bias[e]);
        }
        double[] best = new double[p.groups];
        for (int g = 0; g < p.groups; g++) {
            float[] sorted = Arrays.copyOfRange(biased, g * each, (g + 1) * each);
            Arrays.sort(sorted);
            best[g] = sorted[each - 1] + (mistake == Mistake.BEST_OF_GROUP ? 0 : sorted[each - 2]);
        }
        List<Integer> kept = ranked(p.groups, best).subList(0, p.kept);
        double[] selection = new double[p.experts];
        for (int e = 0; e < p.experts; e++) {
            double masked = mistake == Mistake.MASKED_WITH_ZERO ? 0 : Double.NEGATIVE_INFINITY;
            selection[e] = kept.contains(e / each) ? biased[e] : masked;
        }
        int[] ids = ranked(p.experts, selection).subList(0, p.picks).stream()
                .mapToInt(Integer::intValue)
                .sorted()
                .toArray();
        float[] gates = new float[p.picks];
        double sum = 1e-20;
        for (int k = 0; k < p.picks; k++) {
            int e = ids[k];
            gates[k] = switch (mistake) {
                case BIASED_GATES -> biased[e];
                case GATES_BY_SUBTRACTION -> biased[e] - p.bias[e];
                default -> scores[e];
            };
            sum += gates[k];
        }
        double factor = switch (mistake) {
            case NO_FACTOR -> 1;
            case FACTOR_TWICE -> 6.25;
            default -> 2.5;
        };
        for (int k = 0; k < p.picks; k++) {
            gates[k] = (float) (gates[k] / sum * factor);
        }
        return new Answer(ids, gates);
    }

    /** The largest first, the lowest index first among equals. */
    private static List<Integer> ranked(int n, double[] by) {
        return IntStream.range(0, n)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -by[i]).thenComparing(i -> i))
                .toList();
    }

    private static float bf16(float x) {
        return Float.intBitsToFloat(Float.floatToIntBits(x) + 0x8000 & 0xFFFF0000);
    }

    private static boolean same(Answer a, Answer b) {
        if (!Arrays.equals(a.ids, b.ids)) {
            return false;
        }
        for (int k = 0; k < a.gates.length; k++) {
            if (!(Math.abs(a.gates[k] - b.gates[k]) <= 1e-5 * Math.abs(b.gates[k]))) {
                return false;
            }
        }
        return true;
    }

    @Test
    void evaMakesNoMistake() {
        assertThat(problems()).allMatch(p -> same(eva(p), plain(p, Mistake.NONE)));
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void everyMistakeShows(Mistake mistake) {
        assertThat(problems().stream().filter(p -> !same(eva(p), plain(p, mistake))))
                .hasSizeGreaterThan(3);
    }
}
