/** Text: corpora, tokenizers, and token ids in a mapped file. */
package dev.eva.model.text;
