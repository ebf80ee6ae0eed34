/**
 * Multi-head latent attention (DeepSeek-V2, arXiv:2405.04434, section 2.1): keys and values are up-projections of one
 * small latent a token, which is all that a cache must keep.
 */
package dev.eva.mla;
