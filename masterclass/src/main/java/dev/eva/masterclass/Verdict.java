package dev.eva.masterclass;

/**
 * A criterion, judged.
 *
 * @param criterion what is asked for
 * @param measured what was found
 * @param passed whether that is enough
 */
public record Verdict(String criterion, String measured, boolean passed) {}
