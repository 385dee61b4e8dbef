package dev.baton.transfer;

import com.google.protobuf.ByteString;
import dev.baton.kv.BlockHash;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Names of blocks as they stand in a message: 16 bytes each. */
final class BlockNames {
    static final int BYTES = 16;

    private BlockNames() {}

    static ByteString encode(List<BlockHash> names) {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES * names.size());
        names.forEach(name -> bytes.putLong(name.high()).putLong(name.low()));
        return ByteString.copyFrom(bytes.flip());
    }

    /** @throws IllegalArgumentException when they are not whole names */
    static List<BlockHash> decode(ByteString names) {
        if (names.size() % BYTES != 0) {
            throw new IllegalArgumentException("names of blocks in %d bytes".formatted(names.size()));
        }
        ByteBuffer bytes = names.asReadOnlyByteBuffer();
        List<BlockHash> decoded = new ArrayList<>();
        while (bytes.hasRemaining()) {
            decoded.add(new BlockHash(bytes.getLong(), bytes.getLong()));
        }
        return decoded;
    }
}
