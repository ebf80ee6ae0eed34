package dev.eva.masterclass;

/** One topic of the masterclass: it runs its experiment and tells of it. */
interface Section {
    /** The anchor on the page, and the first part of the names of its figures and pictures. */
    String id();

    /** The heading. */
    String title();

    /** Runs the experiment and puts it on the page, in the order in which it is to be read. */
    void run(Lesson lesson);
}
