package dev.eva.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Something with parameters. Layers are final classes that hold parameters and nothing else: caches and scratch are
 * passed in.
 */
public interface Layer {
    /**
     * Hands every parameter of this layer and of those inside to {@code visitor}, in a fixed order, with {@code prefix}
     * before its name.
     */
    void visit(String prefix, Consumer<Parameter> visitor);

    /** All parameters, buffers included, in the order of {@link #visit}. */
    default List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        visit("", all::add);
        return all;
    }

    /** {@code prefix.name}, or the name alone where there is no prefix. */
    static String path(String prefix, String name) {
        return prefix.isEmpty() ? name : prefix + "." + name;
    }
}
