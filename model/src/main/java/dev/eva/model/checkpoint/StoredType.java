package dev.eva.model.checkpoint;

import dev.eva.fp8.Fp8Format;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** The element types of the safetensors format that Eva knows, by the names that stand in the file. */
public enum StoredType {
    F64(8),
    F32(4),
    F16(2),
    BF16(2),
    F8_E4M3(1),
    F8_E5M2(1),
    F8_E8M0(1),
    I64(8),
    I32(4),
    I16(2),
    I8(1),
    U64(8),
    U32(4),
    U16(2),
    U8(1),
    BOOL(1);

    private final int bytes;

    StoredType(int bytes) {
        this.bytes = bytes;
    }

    /** The format of codes that need the scales of their blocks; none for other types. */
    Optional<Fp8Format> fp8() {
        return switch (this) {
            case F8_E4M3 -> Optional.of(Fp8Format.E4M3);
            case F8_E5M2 -> Optional.of(Fp8Format.E5M2);
            default -> Optional.empty();
        };
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** The type of the given name. @throws CheckpointException if there is none, listing those that exist */
    static StoredType of(String name, String where) {
        for (StoredType t : values()) {
            if (t.name().equals(name)) {
                return t;
            }
        }
        throw new CheckpointException(where + ": unknown dtype " + name + "; need one of "
                + Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(", ")));
    }
}
