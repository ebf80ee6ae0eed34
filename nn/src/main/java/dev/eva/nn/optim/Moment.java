package dev.eva.nn.optim;

import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.Bfloat16;

/** A moment of a parameter, zeros at first, in one of the two formats. */
final class Moment {
    private final String name;
    private final Shape shape;
    private final float[] floats;
    private final short[] codes;

    Moment(String name, MomentFormat format, Shape shape) {
        this.name = name;
        this.shape = shape;
        this.floats = format == MomentFormat.FP32 ? new float[shape.size()] : null;
        this.codes = format == MomentFormat.BF16 ? new short[shape.size()] : null;
    }

    String name() {
        return name;
    }

    /** The values, where they are float32. */
    float[] floats() {
        return floats;
    }

    /** The values, where they are bfloat16. */
    short[] codes() {
        return codes;
    }

    /** The values in float32, which represents both formats exactly. */
    StateTensor state() {
        if (floats != null) {
            return new StateTensor(name, Tensor.wrap(floats, 0, shape));
        }
        Tensor wide = Tensor.zeros(shape);
        Bfloat16.decode(codes.length, codes, 0, wide.array(), 0);
        return new StateTensor(name, wide);
    }

    /** Takes values over; those that were carried in bfloat16 to the very bits. */
    void restore(Tensor from) {
        if (floats != null) {
            System.arraycopy(from.array(), from.offset(), floats, 0, floats.length);
        } else {
            Bfloat16.encode(codes.length, from.array(), from.offset(), codes, 0);
        }
    }
}
