/** Optimisers, gradient clipping and learning-rate schedules. */
package dev.eva.nn.optim;
