package dev.eva.masterclass;

import dev.eva.model.DeepSeekConfig;
import dev.eva.model.Presets;
import dev.eva.model.checkpoint.ConfigJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The twelve sections in their order; a new one is a class and a line here. */
final class Sections {
    private Sections() {}

    /** @throws IllegalArgumentException if the run that the settings name is none */
    static List<Section> all(MasterclassSettings settings) {
        DeepSeekConfig trained = settings.run().map(Sections::shape).orElseGet(Presets::shakespeare);
        LatentRun latent = new LatentRun();
        MoeLayer experts = new MoeLayer();
        TrainingExperiment training = new TrainingExperiment(settings);
        return List.of(
                new CacheSection(trained),
                new LatentSection(latent),
                new LatentPictureSection(latent),
                new MoeSection(experts),
                new PatternSection(experts),
                new Fp8Section(),
                new ProductSection(),
                new BlockSection(),
                new TrainingSection(training),
                new PerformanceSection(training),
                new CriteriaSection(training),
                new Phase2Section(training));
    }

    private static DeepSeekConfig shape(Path run) {
        if (!Files.isRegularFile(run.resolve("train.json"))) {
            throw new IllegalArgumentException("--run: " + run
                    + " is no run of eva train (it has no train.json); need the folder that --out named");
        }
        return ConfigJson.read(run.resolve("config.json"));
    }
}
