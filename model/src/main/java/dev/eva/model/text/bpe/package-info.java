/** Byte-level byte pair encoding: trained, encoded and written so that Hugging Face's tokenizers do the same. */
package dev.eva.model.text.bpe;
