package dev.eva.masterclass;

import dev.eva.moe.MoE;

/** The layer of {@link MoeExperiment}, the same for all sections that route through it. */
final class MoeLayer {
    private MoE moe;

    MoE moe(Lesson lesson) {
        if (moe == null) {
            moe = MoeExperiment.layer(lesson.random("moe"));
        }
        return moe;
    }
}
