/**
 * What proves an op or a kernel: cases with float64 oracles, gradients by finite differences, comparisons that name the
 * element.
 * Usable from any test framework; failures are {@link java.lang.AssertionError}s.
 */
package dev.eva.tensor.testing;
