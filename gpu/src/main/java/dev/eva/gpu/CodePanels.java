package dev.eva.gpu;

import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Weight;
import dev.eva.fp8.W8a8Weight;
import dev.eva.gpu.kernels.Product;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.FrozenMatrix;
import dev.eva.tensor.kernel.StackedMatrix;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * FP8 weights as the device keeps them: a byte an element, in panels of 16 rows of W, and for each panel and 128
 * elements along k their scale, among the floats.
 */
final class CodePanels {
    private static final int GRAIN = 64 * 1024;

    /** A weight and the row of the whole that it starts at. */
    private record Part(int from, Fp8Weight weight) {}

    private final List<List<Part>> groups;
    private final int k;
    private final int n;
    private final Fp8Format format;
    private final float[] table = new float[256];
    private int start = -1;
    private int scales = -1;

    private CodePanels(List<List<Part>> groups, int k, int n) {
        this.groups = groups;
        this.k = k;
        this.n = n;
        this.format = groups.getFirst().getFirst().weight.format();
        for (int i = 0; i < table.length; i++) {
            table[i] = format.decode((byte) i);
        }
    }

    /** Null if a matrix is not FP8, or if a panel would have rows of two parts, which have scales of their own. */
    static CodePanels of(FrozenMatrix... matrices) {
        List<List<Part>> groups = new ArrayList<>();
        for (FrozenMatrix m : matrices) {
            List<Part> parts = new ArrayList<>();
            if (!collect(m, parts)) {
                return null;
            }
            groups.add(parts);
        }
        CodePanels all = new CodePanels(groups, matrices[0].cols(), matrices[0].rows());
        boolean same = groups.stream()
                .flatMap(List::stream)
                .allMatch(p -> p.weight.format() == all.format && p.from % Product.PANEL == 0);
        return same ? all : null;
    }

    private static boolean collect(FrozenMatrix m, List<Part> parts) {
        return switch (m) {
            case Fp8Weight w -> {
                Part last = parts.isEmpty() ? null : parts.getLast();
                parts.add(new Part(last == null ? 0 : last.from + last.weight.rows(), w));
                yield true;
            }
            case W8a8Weight w -> collect(w.weight(), parts);
            case StackedMatrix s -> s.parts().stream().allMatch(p -> collect(p, parts));
            default -> false;
        };
    }

    /** What the 256 codes are worth. */
    float[] table() {
        return table;
    }

    int start() {
        return start;
    }

    int scales() {
        return scales;
    }

    /** Makes the weights resident; whether there was room. */
    boolean place(DeviceProducts products, Object owner) {
        int panels = Math.ceilDiv(n, Product.PANEL);
        int blocks = Math.ceilDiv(k, Product.BLOCK);
        long length = (long) groups.size() * panels * k * Product.PANEL;
        int scaleCount = groups.size() * panels * blocks;
        scales = products.takeFloats(scaleCount, owner);
        start = scales < 0 ? -1 : products.takeCodes(length, owner);
        if (start < 0) {
            return false;
        }
        int each = k * Product.PANEL;
        Parallel.range(groups.size() * panels, Math.max(1, GRAIN / each), (from, to) -> {
            for (int i = from; i < to; i++) {
                int row = i % panels * Product.PANEL;
                pack(groups.get(i / panels), row, products.codes(), start + i * each);
                scales(groups.get(i / panels), row, products.floats(), scales + i * blocks);
            }
        });
        products.uploadFloats(scales, scaleCount);
        products.uploadCodes(start, (int) length);
        return true;
    }

    private static Part partOf(List<Part> parts, int row) {
        Part found = parts.getFirst();
        for (Part p : parts) {
            found = p.from <= row ? p : found;
        }
        return found;
    }

    private void pack(List<Part> parts, int row, byte[] out, int at) {
        Part part = partOf(parts, row);
        int rows = Math.min(Product.PANEL, n - row);
        for (int q = 0; q < rows; q++) {
            long first = (long) (row + q - part.from) * k;
            for (int p = 0; p < k; p++) {
                out[at + p * Product.PANEL + q] = part.weight.codes().get(ValueLayout.JAVA_BYTE, first + p);
            }
        }
    }

    private void scales(List<Part> parts, int row, float[] out, int at) {
        Part part = partOf(parts, row);
        int blocks = Math.ceilDiv(k, Product.BLOCK);
        int first = (row - part.from) / Product.BLOCK * blocks;
        System.arraycopy(part.weight.scales(), first, out, at, blocks);
    }
}
