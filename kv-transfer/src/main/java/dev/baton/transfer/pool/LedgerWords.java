package dev.baton.transfer.pool;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The words of a block table, as its owner's thread writes them and any process reads them. What is stored before a release
 * store or a fence is seen by a reader that sees what is stored after it. Not final, so that a test can end a writer between any
 * two stores.
 */
class LedgerWords {
    static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle HANDLE = WORD.varHandle();

    private final MemorySegment table;

    LedgerWords(MemorySegment table) {
        this.table = table;
    }

    final long get(long at) {
        return table.get(WORD, at);
    }

    final long getAcquire(long at) {
        return (long) HANDLE.getAcquire(table, at);
    }

    void put(long at, long word) {
        table.set(WORD, at, word);
    }

    void putRelease(long at, long word) {
        HANDLE.setRelease(table, at, word);
    }

    /** Everything stored from here on is seen only with what was stored before, past the caches too. */
    final void fence() {
        VarHandle.fullFence();
    }

    /** Everything read from here on is at least as new as what was read before. */
    final void readFence() {
        VarHandle.loadLoadFence();
    }
}
