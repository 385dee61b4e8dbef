package dev.baton.transfer;

import dev.baton.kv.BlockHash;
import dev.baton.protocol.v1.RequestTags;
import java.time.Duration;
import java.util.List;

/**
 * What a worker asks of any other that may have it: full blocks by name.
 *
 * @param names of consecutive blocks of a sequence
 * @param blocks one a name
 */
public record FetchRequest(List<BlockHash> names, int[] blocks, PeerAddress source, Duration timeout, RequestTags tags)
        implements KvRequest {
    public FetchRequest {
        names = List.copyOf(names);
        blocks = blocks.clone();
        if (names.isEmpty() || names.size() != blocks.length || timeout.toNanos() < 1) {
            throw new IllegalArgumentException(
                    "not a fetch: %d names, %d blocks, timeout %s".formatted(names.size(), blocks.length, timeout));
        }
    }
}
