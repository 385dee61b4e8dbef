package dev.baton.worker;

import dev.baton.kv.BlockHash;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvHolder;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.transfer.FetchRequest;
import dev.baton.transfer.IncomingTransfer;
import dev.baton.transfer.KvExchange;
import dev.baton.transfer.PeerAddress;
import dev.baton.transfer.ReceiveOutcome;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches blocks by name from the workers that are thought to hold them, one after the other until one has some.
 *
 * @param within from the first question to the last byte; what is late is computed
 * @param tags go with each question
 */
public record PeerFetch(KvExchange exchange, List<KvHolder> holders, Duration within, RequestTags tags) {
    private static final Logger LOG = LoggerFactory.getLogger(PeerFetch.class);

    /** More than these are not asked. */
    private static final int MOST_HOLDERS = 4;

    public PeerFetch {
        holders = holders.stream().limit(MOST_HOLDERS).toList();
    }

    /**
     * Blocks the caller until nothing writes into the blocks any more.
     *
     * @param blocks one a name
     * @param late who is not asked, and learns who was late
     * @return how many of the first blocks are in place
     */
    int fetch(List<BlockHash> names, int[] blocks, LateHolders late) {
        long end = System.nanoTime() + within.toNanos();
        for (KvHolder holder : holders) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                return 0;
            }
            if (!late.mayBeAsked(holder.getWorker())) {
                continue;
            }
            int found =
                    fetch(holder, new FetchRequest(names, blocks, address(holder), Duration.ofNanos(left), tags), late);
            if (found > 0) {
                return found;
            }
        }
        return 0;
    }

    private static PeerAddress address(KvHolder holder) {
        return new PeerAddress(holder.getWorker(), holder.getHost(), holder.getPort());
    }

    private int fetch(KvHolder holder, FetchRequest request, LateHolders late) {
        IncomingTransfer inbound = exchange.fetch(request);
        ReceiveOutcome outcome = inbound.completion().join();
        inbound.quiescent().join();
        return switch (outcome) {
            case ReceiveOutcome.Found found -> found.blocks();
            case ReceiveOutcome.Arrived other -> throw new IllegalStateException("a fetch was answered as a ticket");
            case ReceiveOutcome.Failed failed -> {
                if (failed.failure().getCode() == Failure.Code.DEADLINE_EXCEEDED) {
                    late.late(holder.getWorker());
                }
                LOG.info(
                        "{} blocks were not fetched from {}: {}",
                        request.blocks().length,
                        holder.getWorker().getId(),
                        failed.failure().getMessage());
                yield 0;
            }
        };
    }
}
