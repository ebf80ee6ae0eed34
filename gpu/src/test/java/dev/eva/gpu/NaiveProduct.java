package dev.eva.gpu;

import com.aparapi.Kernel;

/** {@code C = A B}, an element an item: the slow obvious one, for measuring what tiles are worth. */
final class NaiveProduct extends Kernel {
    float[] a;
    float[] b;
    float[] c;
    int m;
    int n;
    int k;

    @Override
    public void run() {
        int j = getGlobalId(0);
        int i = getGlobalId(1);
        if (i < m && j < n) {
            float s = 0f;
            for (int p = 0; p < k; p++) {
                s += a[i * k + p] * b[p * n + j];
            }
            c[i * n + j] = s;
        }
    }
}
