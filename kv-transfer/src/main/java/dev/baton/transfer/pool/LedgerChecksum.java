package dev.baton.transfer.pool;

/** Checksum of words in their order: each flipped bit changes half of the sum's. Finds accidents, not attackers. */
final class LedgerChecksum {
    private long sum;

    LedgerChecksum(int block) {
        sum = mixed(block + 1L);
    }

    LedgerChecksum add(long word) {
        sum = mixed(sum ^ word);
        return this;
    }

    long value() {
        return sum;
    }

    private static long mixed(long word) {
        long odd = word * 0x9E37_79B9_7F4A_7C15L;
        return (odd ^ (odd >>> 32)) * 0xD6E8_FEB8_6659_FD93L;
    }
}
