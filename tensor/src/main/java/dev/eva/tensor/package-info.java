/**
 * Tensors and their shapes, the memory they live in, and the threads that work on them.
 *
 * <p>Everything above (ops, layers, models) speaks {@link dev.eva.tensor.Tensor}; everything below
 * ({@link dev.eva.tensor.kernel}) speaks plain arrays, offsets and sizes.
 */
package dev.eva.tensor;
