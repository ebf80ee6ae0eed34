/** Text from a model: sampling, and decoding with a latent cache. */
package dev.eva.model.generate;
