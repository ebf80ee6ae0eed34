package dev.eva.model.text;

import java.util.Arrays;

/**
 * The 256 bytes as printable characters, as byte-level vocabularies write them: a printable byte of Latin-1 stands for
 * itself, the others follow behind U+00FF in their order, so that a space is U+0120.
 */
public final class ByteSymbols {
    /** Number of bytes, hence of symbols. */
    public static final int BYTES = 256;

    private static final char[] SYMBOL = new char[BYTES];
    /** Bytes by symbol, -1 for a character that is none. */
    private static final short[] BYTE = new short[2 * BYTES];

    static {
        Arrays.fill(BYTE, (short) -1);
        int beyond = BYTES;
        for (int b = 0; b < BYTES; b++) {
            SYMBOL[b] = (char) (isPrintable(b) ? b : beyond++);
            BYTE[SYMBOL[b]] = (short) b;
        }
    }

    private ByteSymbols() {}

    private static boolean isPrintable(int b) {
        return b >= '!' && b <= '~' || b >= 0xA1 && b != 0xAD;
    }

    /** The symbol of a byte in 0 .. 255. */
    public static char of(int b) {
        return SYMBOL[b];
    }

    /** Symbols of the bytes. */
    public static String of(byte[] bytes) {
        StringBuilder s = new StringBuilder(bytes.length);
        for (byte b : bytes) {
            s.append(SYMBOL[b & 0xff]);
        }
        return s.toString();
    }

    /** The byte of a symbol, or -1. */
    public static int byteOf(char symbol) {
        return symbol < BYTE.length ? BYTE[symbol] : -1;
    }

    /** Bytes of the symbols, or null if there is another character among them. */
    public static byte[] bytesOf(String symbols) {
        byte[] bytes = new byte[symbols.length()];
        for (int i = 0; i < bytes.length; i++) {
            int b = byteOf(symbols.charAt(i));
            if (b < 0) {
                return null;
            }
            bytes[i] = (byte) b;
        }
        return bytes;
    }
}
