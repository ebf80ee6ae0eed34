/**
 * Differentiable functions of tensors, one a file, named as in torch.nn.functional. Each is a record whose static
 * factory is the
 * public API. Without an open tape they only compute.
 */
package dev.eva.tensor.ops;
