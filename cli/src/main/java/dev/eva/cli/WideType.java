package dev.eva.cli;

import dev.eva.model.checkpoint.StoredType;

/** Types of stored weights without scales, by their names on the command line. */
enum WideType {
    F32(StoredType.F32),
    BF16(StoredType.BF16);

    final StoredType stored;

    WideType(StoredType stored) {
        this.stored = stored;
    }
}
