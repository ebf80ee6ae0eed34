/** Training: the step, the run and its folder. */
package dev.eva.model.train;
