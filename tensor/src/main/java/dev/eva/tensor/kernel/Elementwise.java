package dev.eva.tensor.kernel;

/**
 * Maps over arrays, element by element. {@code n} is the number of elements, {@code s(x) = 1 / (1 + exp(-x))}. Outputs
 * may be
 * an input itself at the same offset, never a shifted part of one. Single-threaded: ops cut the range.
 */
public interface Elementwise {
    /** The scalar reference. */
    Elementwise REFERENCE = new Elementwise() {};

    /** {@code out = a + b}. */
    default void add(int n, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = a[aOffset + i] + b[bOffset + i];
        }
    }

    /** {@code out += x}. */
    default void addTo(int n, float[] x, int xOffset, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] += x[xOffset + i];
        }
    }

    /** {@code out = a * b}. */
    default void mul(int n, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = a[aOffset + i] * b[bOffset + i];
        }
    }

    /** {@code out = factor * x}. */
    default void scale(int n, float factor, float[] x, int xOffset, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = factor * x[xOffset + i];
        }
    }

    /** {@code out = s(x)}. */
    default void sigmoid(int n, float[] x, int xOffset, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = (float) sigmoid(x[xOffset + i]);
        }
    }

    /** {@code dX = dOut y (1 - y)}, from the result {@code y = s(x)}. */
    default void sigmoidBackward(
            int n, float[] y, int yOffset, float[] dOut, int dOutOffset, float[] dX, int dXOffset) {
        for (int i = 0; i < n; i++) {
            float s = y[yOffset + i];
            dX[dXOffset + i] = dOut[dOutOffset + i] * (s * (1f - s));
        }
    }

    /** {@code out = x s(x)}. */
    default void silu(int n, float[] x, int xOffset, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            float v = x[xOffset + i];
            out[outOffset + i] = (float) (v * sigmoid(v));
        }
    }

    /** {@code dX = dOut s(x) (1 + x (1 - s(x)))}. */
    default void siluBackward(int n, float[] x, int xOffset, float[] dOut, int dOutOffset, float[] dX, int dXOffset) {
        for (int i = 0; i < n; i++) {
            float v = x[xOffset + i];
            double s = sigmoid(v);
            dX[dXOffset + i] = (float) (dOut[dOutOffset + i] * s * (1 + v * (1 - s)));
        }
    }

    /**
     * {@code out = silu(gate) * up} for rows of {@code gateUp} that hold {@code f} gates, then {@code f} ups.
     *
     * @param gateUp rows x 2f
     * @param out rows x f
     */
    default void swiGlu(int rows, int f, float[] gateUp, int gateUpOffset, float[] out, int outOffset) {
        for (int r = 0; r < rows; r++) {
            int gate = gateUpOffset + r * 2 * f;
            for (int i = 0; i < f; i++) {
                float g = gateUp[gate + i];
                out[outOffset + r * f + i] = (float) (g * sigmoid(g) * gateUp[gate + f + i]);
            }
        }
    }

    /** {@code dGate = dOut up silu'(gate)}, {@code dUp = dOut silu(gate)}, laid out as {@code gateUp}. */
    default void swiGluBackward(
            int rows,
            int f,
            float[] gateUp,
            int gateUpOffset,
            float[] dOut,
            int dOutOffset,
            float[] dGateUp,
            int dGateUpOffset) {
        for (int r = 0; r < rows; r++) {
            int gate = gateUpOffset + r * 2 * f;
            int dGate = dGateUpOffset + r * 2 * f;
            for (int i = 0; i < f; i++) {
                float g = gateUp[gate + i];
                float up = gateUp[gate + f + i];
                float d = dOut[dOutOffset + r * f + i];
                double s = sigmoid(g);
                dGateUp[dGate + i] = (float) (d * up * s * (1 + g * (1 - s)));
                dGateUp[dGate + f + i] = (float) (d * g * s);
            }
        }
    }

    /**
     * One row of a weighted network {@code y = g W (silu(gate) * up)}, backward and in place, from
     * {@code u = dY W}: with {@code a = silu(gate) * up}, {@code u} becomes {@code g a}, what the gradient of W is made
     * of, and {@code gateUp} the gradient of its {@code f} gates and {@code f} ups.
     *
     * @return {@code dG = u . a}
     */
    default float gatedSwiGluBackward(int f, float g, float[] gateUp, int gate, float[] u, int uOffset) {
        double dG = 0;
        for (int i = 0; i < f; i++) {
            float x = gateUp[gate + i];
            float up = gateUp[gate + f + i];
            double s = sigmoid(x);
            double d = (double) g * u[uOffset + i];
            double act = x * s * up;
            dG += u[uOffset + i] * act;
            u[uOffset + i] = (float) (g * act);
            gateUp[gate + i] = (float) (d * up * s * (1 + x * (1 - s)));
            gateUp[gate + f + i] = (float) (d * x * s);
        }
        return (float) dG;
    }

    private static double sigmoid(float x) {
        return 1 / (1 + Math.exp(-x));
    }
}
