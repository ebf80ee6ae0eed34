package dev.eva.masterclass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.eva.masterclass.CacheExperiment.Growth;
import dev.eva.masterclass.CacheExperiment.Headline;
import dev.eva.masterclass.CacheExperiment.Row;
import dev.eva.model.Presets;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The numbers of the founding document and of the papers. */
class CacheExperimentTest {
    @Test
    void theFoundingDocumentsTable() {
        List<Row> rows = CacheExperiment.teachingShapes();
        assertThat(rows.stream().map(Row::standardMb)).containsExactly(12.0, 16.0, 24.0, 32.0);
        assertThat(rows.stream().map(Row::latentMb)).containsExactly(1.5, 2.0, 3.0, 4.0);
        assertThat(rows).allSatisfy(r -> {
            assertThat(r.latentSaved()).isEqualTo(87.5);
            assertThat(r.latentRatio()).isEqualTo(8.0);
            assertThat(r.rowSaved()).isLessThan(r.latentSaved());
        });
    }

    @Test
    void theRealShapeOfV3() {
        Row v3 = CacheExperiment.of("v3", "V3", Presets.v3().mla());
        assertThat(v3.rowSaved()).isCloseTo(98.2, within(0.05));
        assertThat(v3.rowRatio()).isCloseTo(56.9, within(0.05));
    }

    @Test
    void theHeadlineComesFromTwoModelsAndTwoWidths() {
        Headline h = Headline.ofDeepSeekV2();
        assertThat(h.denseValues()).isEqualTo(194_560);
        assertThat(h.latentValues()).isEqualTo(34_560);
        assertThat(h.savedBytes()).isCloseTo(93.34, within(0.005));
        assertThat(h.savedValues()).isCloseTo(82.2, within(0.05));
    }

    @Test
    void bytesOfATokenAreThePublishedOnes() {
        Map<String, Double> bytes = CacheExperiment.growth(Presets.shakespeare()).stream()
                .collect(Collectors.toMap(Growth::id, Growth::bytesAToken));
        assertThat(bytes).containsEntry("v3", 70_272.0).containsEntry("trained", 768.0);
        assertThat(bytes.get("v3full") / bytes.get("v3")).isCloseTo(56.9, within(0.05));
    }
}
