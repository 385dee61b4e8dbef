package dev.baton.transfer;

import dev.baton.kv.KvDigest;
import dev.baton.kv.KvDigester;
import dev.baton.kv.KvRegion;
import dev.baton.protocol.v1.KvLayerDone;
import dev.baton.transfer.pool.PeerPool;
import dev.baton.transfer.session.MessageChannel;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Brings the bytes of one announcement into reserved blocks. An intake writes only between {@code beginWrite} and
 * {@code endWrite} of the inbound, in steps short enough that a cancel is soon heard; what an ended inbound was sent is
 * dropped.
 */
sealed interface LayerIntake {
    /**
     * @param layer that is announced, as our layout counts it
     * @return false when the bytes are not those that the sender digested
     */
    boolean take(IncomingTransfer inbound, int layer, KvLayerDone done) throws IOException;

    /** What the sender made of one of the blocks. */
    private static KvDigest announced(KvLayerDone done, int index) {
        return new KvDigest(done.getDigests(2 * index), done.getDigests(2 * index + 1));
    }

    /**
     * Copies from the sender's pool.
     *
     * @param digester null when blocks come without digests
     */
    record SharedMemory(
            PeerPool peer, KvRegion own, @Nullable KvDigester digester) implements LayerIntake {
        @Override
        public boolean take(IncomingTransfer inbound, int layer, KvLayerDone done) {
            boolean same = true;
            for (int i = 0; same && i < done.getSourceBlocksCount() && inbound.beginWrite(); i++) {
                try {
                    MemorySegment from = peer.region().layerBlock(layer, done.getSourceBlocks(i));
                    int index = done.getFromBlock() + i;
                    MemorySegment to = own.layerBlock(layer, inbound.block(index));
                    if (digester == null) {
                        MemorySegment.copy(from, 0, to, 0, to.byteSize());
                    } else {
                        same = digester.copy(layer, from, to, inbound.tokens(index))
                                .equals(announced(done, i));
                    }
                } finally {
                    inbound.endWrite();
                }
            }
            return same;
        }
    }

    /**
     * Reads what follows on the session.
     *
     * @param digester null when blocks come without digests
     */
    record Tcp(
            MessageChannel channel, KvRegion own, @Nullable KvDigester digester, ByteBuffer scratch)
            implements LayerIntake {
        private static final int SCRATCH_BYTES = 64 << 10;

        Tcp(MessageChannel channel, KvRegion own, @Nullable KvDigester digester) {
            this(channel, own, digester, ByteBuffer.allocateDirect(SCRATCH_BYTES));
        }

        @Override
        public boolean take(IncomingTransfer inbound, int layer, KvLayerDone done) throws IOException {
            boolean same = true;
            for (int i = 0; i < done.getSourceBlocksCount(); i++) {
                int index = done.getFromBlock() + i;
                MemorySegment block = own.layerBlock(layer, inbound.block(index));
                ByteBuffer to = block.asByteBuffer();
                while (to.hasRemaining() && inbound.beginWrite()) {
                    try {
                        channel.read(to);
                    } finally {
                        inbound.endWrite();
                    }
                }
                if (to.hasRemaining()) {
                    drop(to.remaining());
                } else if (digester != null && same) {
                    same = digester.of(layer, block, inbound.tokens(index)).equals(announced(done, i));
                }
            }
            return same;
        }

        private void drop(int bytes) throws IOException {
            for (int left = bytes; left > 0; ) {
                left -= channel.read(scratch.clear().limit(Math.min(left, scratch.capacity())));
            }
        }
    }
}
