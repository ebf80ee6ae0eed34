/** The assembled DeepSeek model: configuration, decoder layers, the model itself. */
package dev.eva.model;
