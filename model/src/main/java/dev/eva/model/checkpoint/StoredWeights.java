package dev.eva.model.checkpoint;

import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Scale;
import dev.eva.fp8.Fp8Weight;
import dev.eva.fp8.W8a8Weight;
import dev.eva.nn.FrozenEmbedding;
import dev.eva.nn.FrozenLinear;
import dev.eva.nn.Lookup;
import dev.eva.nn.Projection;
import dev.eva.nn.WeightSource;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.Bf16Matrix;
import dev.eva.tensor.kernel.F16Matrix;
import dev.eva.tensor.kernel.F32Matrix;
import dev.eva.tensor.kernel.FrozenMatrix;
import dev.eva.tensor.kernel.PreparedWeight;
import dev.eva.tensor.kernel.StackedMatrix;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The weights of a checkpoint as they lie in its mapped files. Matrices stay there, in their stored type; vectors, the
 * matrices of routers and the scales of FP8 blocks are copied to the heap. {@link WeightReader#check} has passed.
 */
final class StoredWeights implements WeightSource {
    private final CheckpointFiles files;
    /** How scales of the inputs of FP8 weights are rounded; null where inputs stay in float32. */
    private final Fp8Scale inputScale;

    StoredWeights(CheckpointFiles files, Fp8Scale inputScale) {
        this.files = files;
        this.inputScale = inputScale;
    }

    /** The product with one matrix, by its name in the files. */
    Projection linear(String stored) {
        long[] shape = files.fileOf(stored).entry(stored).shape();
        return new FrozenLinear(stored(stored, Math.toIntExact(shape[0]), Math.toIntExact(shape[1])));
    }

    @Override
    public Projection linear(String name, int out, int in) {
        return new FrozenLinear(whole(HfNames.pieces(name, out, in)));
    }

    @Override
    public Projection stacked(String name, int matrices, int out, int in) {
        return linear(name, out, in);
    }

    @Override
    public Projection head(String name, int vocabulary, int in) {
        return linear(name, vocabulary, in);
    }

    @Override
    public PreparedWeight grouped(String name, int groups, int matrices, int out, int in) {
        List<HfNames.Piece> pieces = HfNames.pieces(name, groups, out, in);
        int each = pieces.size() / groups;
        FrozenMatrix[] weights = new FrozenMatrix[groups];
        for (int g = 0; g < groups; g++) {
            weights[g] = whole(pieces.subList(g * each, (g + 1) * each));
        }
        return PreparedWeight.frozen(weights);
    }

    @Override
    public Lookup embedding(String name, int vocabulary, int dim) {
        return new FrozenEmbedding(whole(HfNames.pieces(name, vocabulary, dim)));
    }

    @Override
    public Tensor matrix(String name, int rows, int cols) {
        return values(name, rows, cols);
    }

    @Override
    public Tensor gains(String name, int dim) {
        return values(name, dim);
    }

    @Override
    public Tensor buffer(String name, int n) {
        return values(name, n);
    }

    private Tensor values(String name, int... dims) {
        HfNames.Piece piece = HfNames.pieces(name, dims).getFirst();
        FrozenMatrix stored = stored(piece.name(), dims.length == 2 ? dims[0] : 1, dims[dims.length - 1]);
        float[] values = new float[piece.size()];
        for (int i = 0; i < stored.rows(); i++) {
            stored.widen(i, 0, stored.cols(), values, i * stored.cols());
        }
        return Tensor.wrap(values, 0, Shape.of(dims));
    }

    /** A matrix of codes with its scales, which may lie in another file. */
    static Fp8Weight fp8(CheckpointFiles files, String name, int rows, int cols) {
        SafetensorsFile file = files.fileOf(name);
        Fp8Format format = file.entry(name).type().fp8().orElseThrow();
        String scale = name + HfNames.SCALE_SUFFIX;
        return new Fp8Weight(
                format, file.segment(name), files.fileOf(scale).tensor(scale).array(), rows, cols);
    }

    private FrozenMatrix whole(List<HfNames.Piece> pieces) {
        List<FrozenMatrix> parts = pieces.stream()
                .map(p -> stored(p.name(), p.dims()[0], p.dims()[1]))
                .toList();
        return parts.size() == 1 ? parts.getFirst() : new StackedMatrix(parts);
    }

    private FrozenMatrix stored(String name, int rows, int cols) {
        SafetensorsFile file = files.fileOf(name);
        return switch (file.entry(name).type()) {
            case F32 -> new F32Matrix(file.segment(name), rows, cols);
            case BF16 -> new Bf16Matrix(file.segment(name), rows, cols);
            case F16 -> new F16Matrix(file.segment(name), rows, cols);
            case F8_E4M3, F8_E5M2 -> {
                Fp8Weight weight = fp8(files, name, rows, cols);
                yield inputScale == null ? weight : new W8a8Weight(weight, inputScale);
            }
            // The types that a check lets through besides are rare and not worth a kernel.
            case F64, F8_E8M0, I64, I32, I16, I8, U64, U32, U16, U8, BOOL ->
                new F32Matrix(MemorySegment.ofArray(file.tensor(name).array()), rows, cols);
        };
    }
}
