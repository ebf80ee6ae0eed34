package dev.eva.masterclass;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What a person may choose.
 *
 * @param out the folder of the page
 * @param quick whether experiments are cut short, for a page in half a minute
 * @param seed of all random data and weights
 * @param run a run folder in place of training a model
 */
public record MasterclassSettings(Path out, boolean quick, long seed, Optional<Path> run) {}
