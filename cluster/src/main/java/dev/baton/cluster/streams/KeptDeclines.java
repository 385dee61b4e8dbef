package dev.baton.cluster.streams;

import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.GatewayRef;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Declines, for gateways that had no stream when they were made, or whose stream may have broken before they heard them.
 * Bounded, the oldest go first. Owned by the server's thread.
 */
final class KeptDeclines {
    private final LinkedHashMap<String, Kept> byRequest;

    private record Kept(GatewayRef owner, Decline decline, long at) {}

    KeptDeclines(int most) {
        this.byRequest = new LinkedHashMap<>() {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Kept> eldest) {
                return size() > most;
            }
        };
    }

    int count() {
        return byRequest.size();
    }

    void keep(GatewayRef owner, Decline decline, long now) {
        byRequest.put(decline.getRequestId(), new Kept(owner, decline, now));
    }

    /** All that this gateway may not have heard. Hearing one twice does no harm. */
    List<Decline> of(GatewayRef owner) {
        return byRequest.values().stream()
                .filter(kept -> kept.owner().equals(owner))
                .map(Kept::decline)
                .toList();
    }

    Optional<Decline> of(GatewayRef owner, String requestId, Attempt attempt) {
        return Optional.ofNullable(byRequest.get(requestId))
                .filter(kept -> kept.owner().equals(owner))
                .map(Kept::decline)
                .filter(decline -> decline.getAttempt().equals(attempt));
    }

    void expire(long before) {
        byRequest.values().removeIf(kept -> kept.at() - before < 0);
    }
}
