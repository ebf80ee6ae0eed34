package dev.eva.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PlacesTest {
    private static final int LIMIT = 1000;

    private record Place(int at, int length) {}

    /** Nobody is given what another has, and all that is free is one piece again in the end. */
    @Test
    void noTwoOwnersShareAnElement() {
        Random random = new Random(1);
        Places places = new Places(LIMIT);
        boolean[] taken = new boolean[LIMIT];
        List<Place> owned = new ArrayList<>();
        for (int round = 0; round < 20_000; round++) {
            if (random.nextBoolean()) {
                int length = 1 + random.nextInt(80);
                int at = places.take(length);
                if (at >= 0) {
                    mark(taken, new Place(at, length), true);
                    owned.add(new Place(at, length));
                }
            } else if (!owned.isEmpty()) {
                Place p = owned.remove(random.nextInt(owned.size()));
                mark(taken, p, false);
                places.give(p.at, p.length);
            }
        }
        owned.forEach(p -> places.give(p.at, p.length));
        assertThat(places.end()).isZero();
        assertThat(places.take(LIMIT)).isZero();
        assertThat(places.take(1)).isEqualTo(-1);
    }

    private static void mark(boolean[] taken, Place p, boolean now) {
        for (int i = p.at; i < p.at + p.length; i++) {
            assertThat(taken[i]).as("element %d", i).isNotEqualTo(now);
            taken[i] = now;
        }
    }
}
