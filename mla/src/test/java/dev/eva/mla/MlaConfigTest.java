package dev.eva.mla;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.nn.RopeConfig;
import org.junit.jupiter.api.Test;

class MlaConfigTest {
    private static final RopeConfig ROPE = RopeConfig.plain(10000);

    private static MlaConfig config(int heads, int rank, int rope) {
        return new MlaConfig(7168, heads, new QueryProjection.LowRank(1536), rank, 128, rope, 128, ROPE);
    }

    @Test
    void sizesOfV3() {
        MlaConfig v3 = config(128, 512, 64);
        assertThat(v3.qkHeadDim()).isEqualTo(192);
        assertThat(v3.cacheRow()).isEqualTo(576);
        assertThat(v3.standardCacheRow()).isEqualTo(32768);
    }

    @Test
    void impossibleSizesAreSaid() {
        assertThatThrownBy(() -> config(128, 512, 63))
                .hasMessageContaining("qk_rope_head_dim: 63")
                .hasMessageContaining("even");
        assertThatThrownBy(() -> config(0, 512, 64)).hasMessage("num_attention_heads: 0; need at least 1");
        assertThatThrownBy(() -> config(128, -1, 64)).hasMessage("kv_lora_rank: -1; need at least 1");
        assertThatThrownBy(() -> new QueryProjection.LowRank(0)).hasMessageContaining("q_lora_rank: 0");
    }

    @Test
    void freshWeightsHaveTheParametersOfV2LitesAttention() {
        MlaConfig lite = new MlaConfig(2048, 16, new QueryProjection.Direct(), 512, 128, 64, 128, ROPE);
        long count = MlaOracle.weights(lite, 1).parameters().stream()
                .mapToLong(p -> p.value().size())
                .sum();
        // 13.763 M a layer, of which 512 are gains.
        assertThat(count).isEqualTo(2048L * 3072 + 2048 * 576 + 512 + 512 * 4096 + 2048 * 2048);
        assertThat(Math.round(count / 1e3)).isEqualTo(13763);
    }
}
