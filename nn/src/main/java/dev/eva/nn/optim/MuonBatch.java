package dev.eva.nn.optim;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.Reduction;
import java.util.List;

/** Matrices of one shape that {@link Muon} orthogonalises together. */
final class MuonBatch {
    /** One matrix: {@code rows * cols} elements from {@code at} on, of a weight and of its momentum. */
    record Matrix(Tensor weight, Tensor momentum, int at, float decay) {}

    private static final Reduction REDUCTION = Kernels.find(Reduction.class, Reduction.REFERENCE);
    private static final float NORM_EPS = 1e-7f;
    /** Update RMS of AdamW that the factor aims at (arXiv:2502.16982, section 2.2). */
    private static final double UPDATE_RMS = 0.2;
    /** Side of the squares in which matrices are transposed: rows of both stay in the first-level cache. */
    private static final int TILE = 32;

    private final List<Matrix> matrices;
    private final int rows;
    private final int cols;
    private final float mu;
    private final NewtonSchulz orthogonalise;
    private final NewtonSchulz.Scratch scratch;

    MuonBatch(
            List<Matrix> matrices,
            int rows,
            int cols,
            float mu,
            NewtonSchulz orthogonalise,
            NewtonSchulz.Scratch scratch) {
        this.matrices = matrices;
        this.rows = rows;
        this.cols = cols;
        this.mu = mu;
        this.orthogonalise = orthogonalise;
        this.scratch = scratch;
    }

    void step(float lr) {
        Parallel.run(matrices.size(), this::direction);
        orthogonalise.run();
        float factor = (float) (lr * UPDATE_RMS * Math.sqrt(Math.max(rows, cols)));
        Parallel.run(matrices.size(), i -> update(i, lr, factor));
    }

    /** {@code M = mu M + g}, {@code U = g + mu M}, and {@code U / (|U| + eps)} as a tall matrix in x. */
    private void direction(int i) {
        Matrix matrix = matrices.get(i);
        Tensor grad = matrix.weight.grad();
        float[] g = grad.array();
        float[] m = matrix.momentum.array();
        float[] u = scratch.y;
        int n = rows * cols;
        int gAt = grad.offset() + matrix.at;
        int mAt = matrix.momentum.offset() + matrix.at;
        int uAt = i * n;
        for (int j = 0; j < n; j++) {
            float moment = Math.fma(mu, m[mAt + j], g[gAt + j]);
            m[mAt + j] = moment;
            u[uAt + j] = Math.fma(mu, moment, g[gAt + j]);
        }
        float inverse = 1f / ((float) Math.sqrt(REDUCTION.sumOfSquares(n, u, uAt)) + NORM_EPS);
        float[] x = scratch.x;
        if (rows >= cols) {
            for (int j = 0; j < n; j++) {
                x[uAt + j] = u[uAt + j] * inverse;
            }
        } else {
            tiles((r, c) -> {
                for (int a = r; a < Math.min(rows, r + TILE); a++) {
                    for (int b = c; b < Math.min(cols, c + TILE); b++) {
                        x[uAt + b * rows + a] = u[uAt + a * cols + b] * inverse;
                    }
                }
            });
        }
    }

    /** {@code p = (1 - lr decay) p - factor X}. */
    private void update(int i, float lr, float factor) {
        Matrix matrix = matrices.get(i);
        float[] p = matrix.weight.array();
        float[] x = scratch.x;
        int n = rows * cols;
        int pAt = matrix.weight.offset() + matrix.at;
        int xAt = i * n;
        float keep = 1f - lr * matrix.decay;
        if (rows >= cols) {
            for (int j = 0; j < n; j++) {
                p[pAt + j] = Math.fma(keep, p[pAt + j], -(factor * x[xAt + j]));
            }
        } else {
            tiles((r, c) -> {
                for (int a = r; a < Math.min(rows, r + TILE); a++) {
                    for (int b = c; b < Math.min(cols, c + TILE); b++) {
                        int at = pAt + a * cols + b;
                        p[at] = Math.fma(keep, p[at], -(factor * x[xAt + b * rows + a]));
                    }
                }
            });
        }
    }

    @FunctionalInterface
    private interface Tile {
        void at(int row, int col);
    }

    private void tiles(Tile tile) {
        for (int r = 0; r < rows; r += TILE) {
            for (int c = 0; c < cols; c += TILE) {
                tile.at(r, c);
            }
        }
    }
}
