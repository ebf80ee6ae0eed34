/** Fresh values for parameters, drawn from a generator that is passed in. */
package dev.eva.nn.init;
