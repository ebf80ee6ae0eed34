package dev.eva.masterclass;

/** The forward pass of {@link LatentExperiment}, once for the sections that look at it. */
final class LatentRun {
    private LatentExperiment.Result result;

    LatentExperiment.Result result(Lesson lesson) {
        if (result == null) {
            result = LatentExperiment.run(lesson.random("latent"));
        }
        return result;
    }
}
