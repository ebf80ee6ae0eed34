package dev.eva.model.generate;

import dev.eva.model.text.Tokenizer;
import java.util.List;

/**
 * The text of tokens as they come, up to the first stop string. Characters appear when they are whole and cannot belong
 * to a stop string any more.
 */
public final class TextStream {
    private final Tokenizer.StreamDecoder decoder;
    private final List<String> stops;
    private boolean skipping;
    private String held = "";
    private boolean stopped;

    /**
     * @param stops strings that end the text and are not part of it
     */
    public TextStream(Tokenizer.StreamDecoder decoder, List<String> stops) {
        this(decoder, stops, false);
    }

    /**
     * @param skipBlank whether white space at the beginning is left out
     */
    TextStream(Tokenizer.StreamDecoder decoder, List<String> stops, boolean skipBlank) {
        if (stops.contains("")) {
            throw new IllegalArgumentException("stop: an empty string; need at least one character");
        }
        this.decoder = decoder;
        this.stops = List.copyOf(stops);
        this.skipping = skipBlank;
    }

    /** The text that this token adds for certain; may be empty. */
    public String accept(int id) {
        return stopped ? "" : take(decoder.accept(id));
    }

    /** Whether a stop string has come. */
    public boolean stopped() {
        return stopped;
    }

    /** The rest, when no more tokens come. */
    public String end() {
        if (stopped) {
            return "";
        }
        String last = take(decoder.end());
        String rest = stopped ? "" : held;
        held = "";
        return last + rest;
    }

    private String take(String more) {
        String text = held + more;
        if (skipping) {
            text = text.stripLeading();
            skipping = text.isEmpty();
        }
        int stop = firstStop(text);
        if (stop >= 0) {
            stopped = true;
            held = "";
            return text.substring(0, stop);
        }
        int certain = text.length() - longestBeginning(text);
        held = text.substring(certain);
        return text.substring(0, certain);
    }

    /** Where the first stop string begins, or -1. */
    private int firstStop(String text) {
        return stops.stream()
                .mapToInt(text::indexOf)
                .filter(at -> at >= 0)
                .min()
                .orElse(-1);
    }

    /** Length of the longest end of the text that a stop string begins with. */
    private int longestBeginning(String text) {
        int longest = 0;
        for (String stop : stops) {
            for (int n = Math.min(stop.length() - 1, text.length()); n > longest; n--) {
                if (text.endsWith(stop.substring(0, n))) {
                    longest = n;
                }
            }
        }
        return longest;
    }
}
