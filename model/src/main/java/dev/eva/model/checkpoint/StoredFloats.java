package dev.eva.model.checkpoint;

import dev.eva.fp8.Fp8Blocks;

/**
 * The values of a stored tensor, widened to float32 part by part; FP8 codes are multiplied with the scales of their
 * blocks.
 */
final class StoredFloats implements FloatSource {
    private final SafetensorsFile file;
    private final String name;
    /** Scales of the blocks, row-major, or null. */
    private final float[] scales;

    private final long columns;

    private StoredFloats(SafetensorsFile file, String name, float[] scales) {
        this.file = file;
        this.name = name;
        this.scales = scales;
        long[] shape = file.entry(name).shape();
        this.columns = shape.length == 0 ? 1 : shape[shape.length - 1];
    }

    /** The values of a tensor of floats, which lives as long as {@code files} is open. */
    static FloatSource of(CheckpointFiles files, String name) {
        String scale = name + HfNames.SCALE_SUFFIX;
        boolean fp8 = files.entry(name).type().fp8().isPresent();
        return new StoredFloats(
                files.fileOf(name), name, fp8 ? files.fileOf(scale).tensor(scale).array() : null);
    }

    @Override
    public void read(long from, int count, float[] into) {
        file.read(name, from, count, into, 0);
        if (scales == null) {
            return;
        }
        int gridColumns = Fp8Blocks.blocks((int) columns);
        for (int i = 0; i < count; i++) {
            int row = (int) ((from + i) / columns);
            int column = (int) ((from + i) % columns);
            into[i] *= scales[row / Fp8Blocks.BLOCK * gridColumns + column / Fp8Blocks.BLOCK];
        }
    }
}
