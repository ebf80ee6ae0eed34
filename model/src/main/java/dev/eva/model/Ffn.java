package dev.eva.model;

import dev.eva.moe.MoE;
import dev.eva.nn.FeedForward;
import dev.eva.nn.Layer;
import dev.eva.nn.Parameter;
import java.util.function.Consumer;

/** The second half of a decoder layer: one network for all tokens, or experts among which a router chooses. */
public sealed interface Ffn extends Layer {
    /** The same network for every token. */
    record Dense(FeedForward network) implements Ffn {
        @Override
        public void visit(String prefix, Consumer<Parameter> visitor) {
            network.visit(prefix, visitor);
        }
    }

    /** Routed and shared experts. */
    record Experts(MoE moe) implements Ffn {
        @Override
        public void visit(String prefix, Consumer<Parameter> visitor) {
            moe.visit(prefix, visitor);
        }
    }
}
