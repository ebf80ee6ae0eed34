/** Mixture of experts as in DeepSeekMoE (arXiv:2401.06066) and DeepSeek-V3 (arXiv:2412.19437, section 2.1.2). */
package dev.eva.moe;
