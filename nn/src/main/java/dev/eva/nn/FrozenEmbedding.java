package dev.eva.nn;

import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.kernel.FrozenMatrix;
import java.util.function.Consumer;

/** {@code y_i = W[ids_i]} from a table (V, D) that stays where it is stored; only the rows asked for are read. */
public record FrozenEmbedding(FrozenMatrix table) implements Lookup {
    @Override
    public Tensor forward(IntTensor ids) {
        int d = table.cols();
        Tensor y = Workspace.empty(Shape.of(ids.size(), d));
        for (int i = 0; i < ids.size(); i++) {
            int id = ids.get(i);
            if (id < 0 || id >= table.rows()) {
                throw new IllegalArgumentException("embedding: row " + id + " at index " + i + "; the matrix is ("
                        + table.rows() + ", " + d + ")");
            }
            table.widen(id, 0, d, y.array(), y.offset() + i * d);
        }
        return y;
    }

    @Override
    public void visit(String prefix, Consumer<Parameter> visitor) {
        // Nothing to train, nothing to save.
    }
}
