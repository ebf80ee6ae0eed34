/** How DeepSeek-V3 works, shown by experiments that really run: a section a topic, on one page. */
package dev.eva.masterclass;
