package dev.eva.masterclass;

import java.util.List;

/** Hears of the masterclass while it runs. */
public interface MasterclassListener {
    /** Whether the masterclass is to end, without a page; asked between the steps of every experiment. */
    default boolean stopped() {
        return false;
    }

    /** A section begins; sections are counted from 1. */
    void section(int number, int of, String title);

    /** Something takes a while: {@code share} of it, from 0 to 1, is done. */
    void progress(String what, double share);

    /** A sentence that sums up a result. */
    void finding(String text);

    /** A table of results. */
    void table(String caption, List<String> header, List<List<String>> rows);

    /** Text that a model wrote. */
    void sample(String text);

    /** A criterion was judged. */
    void verdict(Verdict verdict);
}
