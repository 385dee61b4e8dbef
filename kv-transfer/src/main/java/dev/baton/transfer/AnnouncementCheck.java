package dev.baton.transfer;

import dev.baton.kv.KvLayout;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvLayerDone;
import dev.baton.transfer.session.SessionRefused;
import org.jspecify.annotations.Nullable;

/**
 * Everything in an announcement that indexes our memory or the peer's is checked against the ticket and the layouts
 * before a byte is taken.
 *
 * @param peerBlocks blocks of the sender's pool
 * @param pushed whether the bytes follow the message
 * @param digests whether each block comes with its digest
 */
record AnnouncementCheck(PeerAddress address, KvLayout layout, int peerBlocks, boolean pushed, boolean digests) {
    /** @return bytes announced, at most {@code allowed} */
    long bytes(@Nullable IncomingTransfer inbound, KvLayerDone done, long allowed) throws SessionRefused {
        int count = done.getSourceBlocksCount();
        int layer = layer(done);
        if (inbound == null || layer < 0 || layer >= layout.layers() || count == 0) {
            throw violation("layer %d, %d blocks, ticket %d".formatted(layer, count, done.getTicket()));
        }
        if (done.getFromBlock() != inbound.received(layer) || count > inbound.blockCount() - done.getFromBlock()) {
            throw violation("blocks %d + %d of layer %d after %d of %d"
                    .formatted(done.getFromBlock(), count, layer, inbound.received(layer), inbound.blockCount()));
        }
        long bytes = layout.layerBlockBytes(layer) * count;
        if (bytes > allowed || done.getPayloadBytes() != (pushed ? bytes : 0)) {
            throw violation(
                    "%d bytes with a credit of %d, payload of %d".formatted(bytes, allowed, done.getPayloadBytes()));
        }
        if (done.getDigestsCount() != (digests ? 2 * count : 0)) {
            throw violation("%d sums of digests for %d blocks".formatted(done.getDigestsCount(), count));
        }
        for (int i = 0; i < count; i++) {
            if (done.getSourceBlocks(i) < 0 || done.getSourceBlocks(i) >= peerBlocks) {
                throw violation("source block %d of %d".formatted(done.getSourceBlocks(i), peerBlocks));
            }
        }
        return bytes;
    }

    /** The announced layer as our layout counts it; the wire counts from the model's first. */
    int layer(KvLayerDone done) {
        return done.getLayer() - layout.firstLayer();
    }

    SessionRefused violation(String what) {
        return new SessionRefused(
                Failure.Code.TRANSFER_FAILED, "KV sender %s broke the protocol: %s".formatted(address, what));
    }
}
