package dev.eva.model.generate;

import dev.eva.fp8.Fp8Blocks;
import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Kernel;
import dev.eva.fp8.Fp8Scale;
import dev.eva.mla.LatentCache;
import dev.eva.mla.LatentStore;
import dev.eva.mla.MlaConfig;
import dev.eva.tensor.kernel.Kernels;
import java.util.Arrays;

/** How latent caches store the latents of tokens; rotated keys are float32 in both. */
public enum CacheFormat {
    /** Float32. */
    F32 {
        @Override
        LatentCache cache(MlaConfig config, int maxLength) {
            return new LatentCache(config, maxLength);
        }
    },
    /** E4M3 with a float32 scale for each 128 values. */
    FP8 {
        @Override
        LatentCache cache(MlaConfig config, int maxLength) {
            return new LatentCache(config, maxLength, new Fp8Latents(config.kvLoraRank()));
        }
    };

    /** An empty cache of one layer. */
    abstract LatentCache cache(MlaConfig config, int maxLength);

    private static final class Fp8Latents implements LatentStore {
        private static final Fp8Kernel KERNEL = Kernels.find(Fp8Kernel.class, Fp8Kernel.REFERENCE);

        private final int width;
        private final int tiles;
        private byte[] codes = new byte[0];
        private float[] scales = new float[0];

        Fp8Latents(int width) {
            this.width = width;
            this.tiles = Fp8Blocks.blocks(width);
        }

        @Override
        public void reserve(int rows) {
            codes = Arrays.copyOf(codes, Math.multiplyExact(rows, width));
            scales = Arrays.copyOf(scales, rows * tiles);
        }

        @Override
        public void put(int row, float[] c, int at) {
            KERNEL.quantizeTiles(
                    Fp8Format.E4M3, Fp8Scale.FLOAT32, width, c, at, scales, row * tiles, codes, row * width);
        }

        @Override
        public void get(int first, int count, float[] out, int at, int stride) {
            for (int i = 0; i < count; i++) {
                int row = first + i;
                for (int t = 0, j = 0; t < tiles; t++, j += Fp8Blocks.BLOCK) {
                    int n = Math.min(Fp8Blocks.BLOCK, width - j);
                    float scale = scales[row * tiles + t];
                    KERNEL.dequantize(Fp8Format.E4M3, n, scale, codes, row * width + j, out, at + i * stride + j);
                }
            }
        }

        @Override
        public int bytesARow() {
            return width + Float.BYTES * tiles;
        }
    }
}
