/**
 * The FP8 formats, their scales and the quantisers, as DeepSeek-V3 stores its weights and trains (arXiv:2412.19437,
 * section 3.3).
 */
package dev.eva.fp8;
