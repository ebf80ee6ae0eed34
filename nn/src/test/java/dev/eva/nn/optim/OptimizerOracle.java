package dev.eva.nn.optim;

/** The update rules in float64, written out. */
final class OptimizerOracle {
    private OptimizerOracle() {}

    /** One AdamW step on {@code p}, with the moments {@code m} and {@code v} carried along. */
    static void adamW(double[] p, double[] g, double[] m, double[] v, long t, double lr, double decay) {
        for (int i = 0; i < p.length; i++) {
            p[i] *= 1 - lr * decay;
            m[i] = 0.9 * m[i] + 0.1 * g[i];
            v[i] = 0.95 * v[i] + 0.05 * g[i] * g[i];
            p[i] -= lr / (1 - Math.pow(0.9, t)) * m[i] / (Math.sqrt(v[i] / (1 - Math.pow(0.95, t))) + 1e-8);
        }
    }

    /** One Muon step on a rows x cols matrix. */
    static void muon(double[] p, double[] g, double[] m, int rows, int cols, double lr, double decay) {
        double[][] u = new double[rows][cols];
        for (int i = 0; i < rows * cols; i++) {
            m[i] = 0.95 * m[i] + g[i];
            u[i / cols][i % cols] = g[i] + 0.95 * m[i];
        }
        double[][] x = orthogonalise(u);
        for (int i = 0; i < rows * cols; i++) {
            p[i] = p[i] * (1 - lr * decay) - lr * 0.2 * Math.sqrt(Math.max(rows, cols)) * x[i / cols][i % cols];
        }
    }

    /** A matrix with its singular values pushed towards 1. */
    static double[][] orthogonalise(double[][] u) {
        if (u.length > u[0].length) {
            return transpose(orthogonalise(transpose(u)));
        }
        double norm = 0;
        for (double[] row : u) {
            for (double v : row) {
                norm += v * v;
            }
        }
        double[][] x = combine(1 / (Math.sqrt(norm) + 1e-7), u, 0, u);
        for (int step = 0; step < 5; step++) {
            double[][] s = multiply(x, transpose(x));
            double[][] t = combine(-4.7750, s, 2.0315, multiply(s, s));
            x = combine(3.4445, x, 1, multiply(t, x));
        }
        return x;
    }

    private static double[][] combine(double a, double[][] x, double b, double[][] y) {
        double[][] z = new double[x.length][x[0].length];
        for (int i = 0; i < z.length; i++) {
            for (int j = 0; j < z[0].length; j++) {
                z[i][j] = a * x[i][j] + b * y[i][j];
            }
        }
        return z;
    }

    static double[][] multiply(double[][] a, double[][] b) {
        double[][] c = new double[a.length][b[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int k = 0; k < b.length; k++) {
                for (int j = 0; j < b[0].length; j++) {
                    c[i][j] += a[i][k] * b[k][j];
                }
            }
        }
        return c;
    }

    static double[][] transpose(double[][] a) {
        double[][] t = new double[a[0].length][a.length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < a[0].length; j++) {
                t[j][i] = a[i][j];
            }
        }
        return t;
    }
}
