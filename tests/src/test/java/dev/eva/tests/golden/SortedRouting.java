package dev.eva.tests.golden;

import dev.eva.moe.Routing;
import java.util.Arrays;
import java.util.Comparator;

/** The experts of each token by rising id, with their weights: the order of the reference data. */
record SortedRouting(int[] ids, float[] weights) {
    static SortedRouting of(Routing routing) {
        int k = routing.expertIds().dim(1);
        int[] ids = routing.expertIds().array();
        float[] weights = routing.weights().toArray();
        int[] sortedIds = new int[ids.length];
        float[] sortedWeights = new float[ids.length];
        for (int row = 0; row < ids.length; row += k) {
            Integer[] order = new Integer[k];
            for (int i = 0; i < k; i++) {
                order[i] = row + i;
            }
            Arrays.sort(order, Comparator.comparingInt(i -> ids[i]));
            for (int i = 0; i < k; i++) {
                sortedIds[row + i] = ids[order[i]];
                sortedWeights[row + i] = weights[order[i]];
            }
        }
        return new SortedRouting(sortedIds, sortedWeights);
    }
}
