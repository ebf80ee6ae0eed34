/** Measuring one path beside another in one run: in turn, verified first, medians with their spread, beside peaks. */
package dev.eva.measure;
