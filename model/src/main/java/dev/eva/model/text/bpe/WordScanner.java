package dev.eva.model.text.bpe;

/**
 * Cuts text into words, within which byte pairs merge, as GPT-2 does:
 *
 * <pre>'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</pre>
 *
 * <p>The same words as the pre-tokenizer {@code ByteLevel} of Hugging Face's tokenizers makes, whose {@code \s} is
 * Unicode's White_Space.
 */
final class WordScanner {
    private static final byte OTHER = 0;
    private static final byte LETTER = 1;
    private static final byte NUMBER = 2;
    private static final byte SPACE = 3;

    private static final int LETTERS = 1 << Character.UPPERCASE_LETTER
            | 1 << Character.LOWERCASE_LETTER
            | 1 << Character.TITLECASE_LETTER
            | 1 << Character.MODIFIER_LETTER
            | 1 << Character.OTHER_LETTER;
    private static final int NUMBERS =
            1 << Character.DECIMAL_DIGIT_NUMBER | 1 << Character.LETTER_NUMBER | 1 << Character.OTHER_NUMBER;
    private static final int SPACES =
            1 << Character.SPACE_SEPARATOR | 1 << Character.LINE_SEPARATOR | 1 << Character.PARAGRAPH_SEPARATOR;

    /** Class of each character of the basic plane; halves of pairs are looked at together. */
    private static final byte[] BASIC = new byte[Character.MAX_VALUE + 1];

    static {
        for (int c = 0; c < BASIC.length; c++) {
            BASIC[c] = classOf(c);
        }
    }

    private WordScanner() {}

    private static byte classOf(int c) {
        int type = 1 << Character.getType(c);
        if ((type & LETTERS) != 0) {
            return LETTER;
        }
        if ((type & NUMBERS) != 0) {
            return NUMBER;
        }
        boolean control = c >= '\t' && c <= '\r' || c == 0x85;
        return control || (type & SPACES) != 0 ? SPACE : OTHER;
    }

    /** Where the word that begins at {@code from} ends, in {@code (from, to]}. */
    static int end(char[] text, int from, int to) {
        char first = text[from];
        if (first == '\'') {
            int contraction = contraction(text, from + 1, to);
            if (contraction > 0) {
                return from + 1 + contraction;
            }
        }
        int begin = first == ' ' && from + 1 < to && BASIC[text[from + 1]] != SPACE ? from + 1 : from;
        if (BASIC[text[begin]] != SPACE) {
            return run(text, begin, to);
        }
        int end = from + 1;
        while (end < to && BASIC[text[end]] == SPACE) {
            end++;
        }
        // The last space before a word is left to it.
        return end == to || end == from + 1 ? end : end - 1;
    }

    private static int run(char[] text, int from, int to) {
        byte kind = classAt(text, from, to);
        int end = from;
        do {
            end += isPair(text, end, to) ? 2 : 1;
        } while (end < to && classAt(text, end, to) == kind);
        return end;
    }

    private static byte classAt(char[] text, int i, int to) {
        return isPair(text, i, to) ? classOf(Character.toCodePoint(text[i], text[i + 1])) : BASIC[text[i]];
    }

    private static boolean isPair(char[] text, int i, int to) {
        return Character.isHighSurrogate(text[i]) && i + 1 < to && Character.isLowSurrogate(text[i + 1]);
    }

    /** Length of what follows the apostrophe of a contraction, 0 if it is none. */
    private static int contraction(char[] text, int i, int to) {
        if (i == to) {
            return 0;
        }
        char a = text[i];
        if (a == 's' || a == 't' || a == 'm' || a == 'd') {
            return 1;
        }
        char b = i + 1 < to ? text[i + 1] : 0;
        return b == 'e' && (a == 'r' || a == 'v') || a == 'l' && b == 'l' ? 2 : 0;
    }
}
