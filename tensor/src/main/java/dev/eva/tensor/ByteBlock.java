package dev.eva.tensor;

/** Bytes that a {@link Workspace} lends for a step, as it lends tensors; what they mean is the taker's affair. */
public final class ByteBlock {
    final Workspace owner;
    /** Place in the owner's list of lent blocks, -1 while it is not lent. */
    int lentIndex = -1;

    private final byte[] array;

    ByteBlock(byte[] array, Workspace owner) {
        this.array = array;
        this.owner = owner;
    }

    /** The bytes. */
    public byte[] array() {
        return array;
    }
}
