package dev.eva.model.generate;

import dev.eva.mla.LatentCache;
import java.util.List;

/** One text being continued: the latent caches of all layers. Made by {@link Decoder#begin}. */
public final class Sequence {
    private final List<LatentCache> caches;

    Sequence(List<LatentCache> caches) {
        this.caches = List.copyOf(caches);
    }

    LatentCache cache(int layer) {
        return caches.get(layer);
    }

    /** Tokens taken so far. */
    public int position() {
        return caches.getFirst().length();
    }

    /** Tokens that still fit in the context. */
    public int remaining() {
        return caches.getFirst().maxLength() - position();
    }

    /** Forgets all tokens from {@code position} on; the memory of the caches stays. */
    public void truncate(int position) {
        caches.forEach(c -> c.truncate(position));
    }

    /** Bytes that the caches of all layers hold for the tokens so far. */
    public long cacheBytes() {
        return (long) position() * bytesAToken();
    }

    /** Bytes that the caches of all layers need for a token. */
    public int bytesAToken() {
        return caches.getFirst().bytesAToken() * caches.size();
    }
}
