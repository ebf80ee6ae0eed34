package dev.eva.bench;

/**
 * A line of docs/performance.md.
 *
 * @param what was measured
 * @param eva what Eva reached
 * @param peer what the peer or the ceiling gave, null where it was not measured
 * @param ratio of the two in each round, null where there is nothing to compare with
 * @param wanted the aim, such as "at least 1.6", empty where there is none
 * @param met whether the aim was reached, null where that is not known
 * @param note what else was seen
 */
record Line(String what, Side eva, Side peer, Side ratio, String wanted, Boolean met, String note) {
    /** Without a peer. */
    static Line alone(String what, Side eva, String note) {
        return new Line(what, eva, null, null, "", null, note);
    }

    /** The same with an aim for the ratio. */
    Line ratioAtLeast(double aim) {
        return wanted("ratio at least " + aim, ratio == null ? null : ratio.median() >= aim);
    }

    /** The same with an aim for the ratio. */
    Line ratioAtMost(double aim) {
        return wanted("ratio at most " + aim, ratio == null ? null : ratio.median() <= aim);
    }

    /** The same with an aim for Eva's figure itself. */
    Line atMost(double aim) {
        return wanted("at most " + aim, eva.median() <= aim);
    }

    private Line wanted(String aim, Boolean reached) {
        return new Line(what, eva, peer, ratio, aim, reached, note);
    }
}
