/**
 * Kernels: the inner loops, over plain arrays, offsets and sizes.
 *
 * <p>A <em>family</em> is an interface whose default methods are the scalar reference: specification, oracle and
 * fallback.
 * Each family has a constant {@code REFERENCE}. A {@link dev.eva.tensor.kernel.KernelProvider} offers faster
 * implementations;
 * {@link dev.eva.tensor.kernel.Kernels#find} chooses once and says why. Signature order: sizes, inputs, output. Public
 * ops check
 * shapes; kernels only {@code assert}.
 */
package dev.eva.tensor.kernel;
