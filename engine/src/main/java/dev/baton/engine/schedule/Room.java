package dev.baton.engine.schedule;

import dev.baton.protocol.KnownTokens;
import dev.baton.protocol.v1.Generation;

/**
 * What an engine has left for more sequences, once all that were submitted have got what they wait for.
 *
 * @param waiting sequences that were submitted and have no blocks yet, or none any more
 * @param places in the batch; below 0 when some wait for one
 * @param blocks of the pool, as if nothing of what waits were cached here; below 0 when some wait for them
 */
public record Room(int waiting, int places, int blocks) {
    /** Whether a sequence that begins with so many blocks gets them at once. */
    public boolean has(int needed) {
        return places > 0 && blocks >= needed;
    }

    /** What is left when so many more sequences wait, for so many blocks together. */
    public Room less(int sequences, int needed) {
        return new Room(waiting + sequences, places - sequences, blocks - needed);
    }

    /** Blocks that a sequence begins with. */
    public static int blocksOf(Generation generation, int blockTokens) {
        return Math.ceilDiv(KnownTokens.count(generation), blockTokens);
    }
}
