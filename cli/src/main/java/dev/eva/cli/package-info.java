/**
 * The command line: a class a command, which parses, calls {@code dev.eva.model} and prints; and the entry of the
 * runnable jar.
 */
package dev.eva.cli;
