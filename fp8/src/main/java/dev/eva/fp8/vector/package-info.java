/** FP8 kernels in SIMD registers. Nothing names these classes: the provider is found by ServiceLoader. */
package dev.eva.fp8.vector;
