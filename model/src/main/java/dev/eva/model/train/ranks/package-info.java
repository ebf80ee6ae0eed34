/** Processes that share a training step: how they start, meet, exchange gradients and end. They know no model. */
package dev.eva.model.train.ranks;
