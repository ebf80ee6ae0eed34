/** The model's files: safetensors, config.json, and the one place that knows Hugging Face's tensor names. */
package dev.eva.model.checkpoint;
