/**
 * Comparison with reference outputs: a folder of weights, recipes or problems and what another implementation computed
 * from them, quantity by quantity.
 */
package dev.eva.model.parity;
