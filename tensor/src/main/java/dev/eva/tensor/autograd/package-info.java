/** Reverse-mode differentiation: a tape of coarse ops. */
package dev.eva.tensor.autograd;
