/** The FP8 formats and their block scales, as DeepSeek-V3 stores its weights (arXiv:2412.19437, section 3.3). */
package dev.eva.fp8;
