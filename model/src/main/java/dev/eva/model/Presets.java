package dev.eva.model;

import dev.eva.mla.MlaConfig;
import dev.eva.mla.QueryProjection;
import dev.eva.moe.MoeConfig;
import dev.eva.moe.RoutingMethod;
import dev.eva.nn.RopeConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Supplier;

/** The model shapes that have a name. How a preset is trained is the trainer's business. */
public final class Presets {
    private static final double THETA = 10000;
    private static final double EPS = 1e-6;
    private static final double INIT_STD = 0.02;
    private static final double V3_SCALE = 2.5;

    private static final Map<String, Supplier<DeepSeekConfig>> ALL = new LinkedHashMap<>();

    static {
        ALL.put("mini", Presets::mini);
        ALL.put("shakespeare", Presets::shakespeare);
        ALL.put("shakespeare-bench", Presets::shakespeareBench);
        ALL.put("small", Presets::small);
        ALL.put("lite", Presets::lite);
        ALL.put("v2-lite", Presets::v2Lite);
        ALL.put("v3", Presets::v3);
    }

    private Presets() {}

    /** The names of all presets. */
    public static List<String> names() {
        return List.copyOf(ALL.keySet());
    }

    /** The preset of a name. @throws IllegalArgumentException if there is none, listing all names */
    public static DeepSeekConfig byName(String name) {
        Supplier<DeepSeekConfig> preset = ALL.get(name);
        if (preset == null) {
            throw new IllegalArgumentException(
                    "preset: unknown name " + name + "; need one of " + String.join(", ", ALL.keySet()));
        }
        return preset.get();
    }

    /** Two layers of four experts, vocabulary 1000: the smallest model that has every part. */
    public static DeepSeekConfig mini() {
        MlaConfig mla = attention(256, 4, new QueryProjection.Direct(), 64, 48, 16, 64);
        return model(1000, 2, 0, 1024, mla, experts(256, 4, 0, 2, 1024, 1, 1));
    }

    /** The default of training, on characters. Its cache row of 48 values is 9.4 % of the 512 of a standard cache. */
    public static DeepSeekConfig shakespeare() {
        MlaConfig mla = attention(128, 8, new QueryProjection.Direct(), 40, 32, 8, 32);
        return model(65, 4, 1, 512, mla, experts(128, 8, 1, 2, 128, 1, 1));
    }

    /** A fixed shape for comparing the speed of training steps. */
    public static DeepSeekConfig shakespeareBench() {
        MlaConfig mla = attention(128, 4, new QueryProjection.Direct(), 64, 24, 8, 32);
        return model(65, 4, 1, 512, mla, experts(128, 8, 1, 2, 128, 1, 1));
    }

    /** Eight layers of sixteen experts in four groups, vocabulary 4096. */
    public static DeepSeekConfig small() {
        MlaConfig mla = attention(384, 6, new QueryProjection.Direct(), 128, 48, 16, 64);
        return model(4096, 8, 1, 1024, mla, experts(384, 16, 1, 4, 256, 4, 2));
    }

    /** 879 M parameters with DeepSeek-V3's vocabulary, for measuring inference. */
    public static DeepSeekConfig lite() {
        MlaConfig mla = attention(1024, 16, new QueryProjection.LowRank(384), 256, 64, 32, 64);
        return model(129280, 12, 1, 2816, mla, experts(1024, 32, 1, 4, 512, 4, 2));
    }

    /** DeepSeek-V2-Lite, 15.7 B parameters (arXiv:2405.04434, appendix B). */
    public static DeepSeekConfig v2Lite() {
        MlaConfig mla = new MlaConfig(2048, 16, new QueryProjection.Direct(), 512, 128, 64, 128, yarn(0.707));
        MoeConfig moe = new MoeConfig(2048, 64, 2, 6, 1408, new RoutingMethod.Greedy(), false, 1.0);
        return new DeepSeekConfig(102400, 2048, 27, 1, 10944, EPS, 163840, INIT_STD, 0, mla, moe);
    }

    /** DeepSeek-V3, 671 B parameters (arXiv:2412.19437, section 4.2). */
    public static DeepSeekConfig v3() {
        MlaConfig mla = new MlaConfig(7168, 128, new QueryProjection.LowRank(1536), 512, 128, 64, 128, yarn(1.0));
        MoeConfig moe = experts(7168, 256, 1, 8, 2048, 8, 4);
        return new DeepSeekConfig(129280, 7168, 61, 3, 18432, EPS, 163840, INIT_STD, 1, mla, moe);
    }

    private static RopeConfig yarn(double mscale) {
        return new RopeConfig(
                THETA,
                new RopeConfig.Scaling.Yarn(40, 4096, 32, 1, OptionalDouble.of(mscale), OptionalDouble.of(mscale)));
    }

    private static MlaConfig attention(
            int hidden, int heads, QueryProjection query, int latent, int nope, int rope, int v) {
        return new MlaConfig(hidden, heads, query, latent, nope, rope, v, RopeConfig.plain(THETA));
    }

    private static MoeConfig experts(int hidden, int experts, int shared, int topk, int width, int groups, int kept) {
        return new MoeConfig(
                hidden, experts, shared, topk, width, new RoutingMethod.NoauxTc(groups, kept), true, V3_SCALE);
    }

    private static DeepSeekConfig model(
            int vocab, int layers, int dense, int denseWidth, MlaConfig mla, MoeConfig moe) {
        return new DeepSeekConfig(vocab, mla.hiddenSize(), layers, dense, denseWidth, EPS, 4096, INIT_STD, 0, mla, moe);
    }
}
