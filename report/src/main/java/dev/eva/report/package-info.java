/**
 * Figures with names and units, charts drawn from them, and the self-contained HTML page and JSON file that show them.
 * Knows nothing of Eva's models: whoever measures something hands numbers in.
 */
package dev.eva.report;
