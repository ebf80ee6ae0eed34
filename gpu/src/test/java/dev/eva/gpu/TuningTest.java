package dev.eva.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.gpu.Tuning.Tile;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TuningTest {
    /** What is written into the cache is read again as the same. */
    @Test
    void textsAreTiles() {
        for (String text : List.of("tile:1", "tile:32", "local:64", "local<=128", "local<=32")) {
            assertThat(Tile.parse(text)).hasToString(text);
        }
        assertThat(Tile.parse("local")).hasToString("local<=128");
        for (String text : List.of("", "tile", "tile:0", "local:16", "local:", "local<=7", "tile:8 ")) {
            assertThatThrownBy(() -> Tile.parse(text))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("need tile:N");
        }
    }

    /** Every tile that a device may be given is one that products are tested with. */
    @Test
    void candidatesAreTested() {
        List<String> tested =
                DeviceGemmTest.ways().map(a -> (String) a.get()[0]).toList();
        List<Tile> gpu = Tuning.candidates(false, 48 * 1024, 1024);
        assertThat(gpu).hasSize(4);
        assertThat(Stream.concat(gpu.stream(), Tuning.candidates(true, 0, 4096).stream()))
                .map(Tile::toString)
                .isSubsetOf(tested);
    }

    /** 16.1 KiB, half of what devices of OpenCL 1.2 have at least; and 256 items, which some do not have. */
    @Test
    void tilesNeedLocalMemoryAndGroups() {
        assertThat(Tuning.candidates(false, 32 * 1024, 256)).anyMatch(Tile::local);
        assertThat(Tuning.candidates(false, 16 * 1024, 256)).noneMatch(Tile::local);
        assertThat(Tuning.candidates(false, 48 * 1024, 128)).noneMatch(Tile::local);
    }
}
