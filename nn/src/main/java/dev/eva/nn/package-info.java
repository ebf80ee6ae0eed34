/** Model-agnostic layers: what any transformer is made of. */
package dev.eva.nn;
