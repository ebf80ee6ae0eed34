package dev.eva.moe;

/** How the experts of a token are chosen: {@code topk_method} with its {@code scoring_func}. */
public sealed interface RoutingMethod {
    /**
     * DeepSeek-V3: sigmoid scores; selection by score plus bias among the {@code topkGroup} groups with the largest sum
     * of their two best (the others masked with minus infinity); weights from the unbiased scores. {@code nGroup =
     * topkGroup = 1}: no groups.
     */
    record NoauxTc(int nGroup, int topkGroup) implements RoutingMethod {}

    /** DeepSeek-V2-Lite: the largest softmax scores. */
    record Greedy() implements RoutingMethod {}

    /** DeepSeek-V2: the largest softmax scores among the {@code topkGroup} groups with the largest single score. */
    record GroupLimitedGreedy(int nGroup, int topkGroup) implements RoutingMethod {}

    /** Number of groups that experts are divided into. */
    default int groups() {
        return switch (this) {
            case NoauxTc m -> m.nGroup;
            case Greedy m -> 1;
            case GroupLimitedGreedy m -> m.nGroup;
        };
    }

    /** Number of groups that a token may choose from. */
    default int keptGroups() {
        return switch (this) {
            case NoauxTc m -> m.topkGroup;
            case Greedy m -> 1;
            case GroupLimitedGreedy m -> m.topkGroup;
        };
    }
}
