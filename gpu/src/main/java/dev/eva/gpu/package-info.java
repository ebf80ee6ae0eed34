/** OpenCL devices, through Aparapi. Works, and says what is missing, on machines without OpenCL. */
package dev.eva.gpu;
