package dev.eva.mla;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.tensor.Tensor;
import org.junit.jupiter.api.Test;

class LatentCacheTest {
    private final MlaConfig config = MlaOracle.lowRank();
    private final MlaWeights weights = MlaOracle.weights(config, 1);
    private final MlaDecode decode = new MlaDecode(weights);

    @Test
    void holdsOneLatentAndOneKeyAToken() {
        LatentCache cache = new LatentCache(config, 1000);
        assertThat(cache.rowSize()).isEqualTo(config.kvLoraRank() + config.qkRopeHeadDim());
        MlaConfig v3 = new MlaConfig(7168, 128, new QueryProjection.LowRank(1536), 512, 128, 64, 128, MlaOracle.YARN);
        assertThat(new LatentCache(v3, 163840).rowSize()).isEqualTo(576);
        assertThat(new LatentCache(v3, 163840).bytes()).isLessThan(1_000_000);
    }

    @Test
    void growsGeometricallyUpToItsMaximum() {
        LatentCache cache = new LatentCache(config, 150);
        decode.forward(MlaOracle.input(config, 65, 1), cache, 0);
        assertThat(cache.bytes()).isEqualTo(4L * 128 * cache.rowSize());
        decode.forward(MlaOracle.input(config, 85, 1), cache, 65);
        assertThat(cache.bytes()).isEqualTo(4L * 150 * cache.rowSize());
        assertThatThrownBy(() -> decode.forward(MlaOracle.input(config, 1, 1), cache, 150))
                .hasMessage("latent cache: full: 150 tokens and 1 new ones; the maximum is 150");
    }

    @Test
    void goesBackByTruncation() {
        LatentCache cache = new LatentCache(config, 10);
        Tensor x = MlaOracle.input(config, 5, 1);
        decode.forward(x, cache, 0);
        float[] last = decode.forward(x.slice(0, 1), cache, 5).toArray();
        assertThatThrownBy(() -> decode.forward(x.slice(0, 1), cache, 5)).hasMessageContaining("truncate");
        cache.truncate(5);
        assertThat(decode.forward(x.slice(0, 1), cache, 5).toArray()).isEqualTo(last);
        assertThatThrownBy(() -> cache.truncate(7)).hasMessageContaining("0 to 6");
    }

    @Test
    void anImpossibleMaximumIsSaid() {
        assertThatThrownBy(() -> new LatentCache(config, 0)).hasMessageContaining("maximum length 0");
        assertThatThrownBy(() -> new LatentCache(config, Integer.MAX_VALUE))
                .hasMessageContaining("tokens of 15 values");
    }
}
