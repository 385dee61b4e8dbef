package dev.baton.cluster.streams;

import dev.baton.cluster.streams.KeptTokens.Orphan;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.GatewayRef;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Attempts that another worker goes on with while their prompts are leased here. Their gateway says when they have ended; where
 * it does not come back, nobody does. Owned by the server's thread.
 */
final class HandedOver {
    /** No prompt is leased for longer. */
    private static final long LONGEST = Duration.ofMinutes(5).toNanos();

    private final int most;
    private final Map<String, Entry> byRequest = new LinkedHashMap<>();

    private record Entry(Orphan attempt, long since) {}

    /** @param most attempts above which the oldest is forgotten for each new one: its lease ends by itself */
    HandedOver(int most) {
        this.most = most;
    }

    int count() {
        return byRequest.size();
    }

    /** @return an earlier attempt of that request, which nobody else ends */
    Optional<Orphan> add(Orphan attempt, long now) {
        Entry before = byRequest.remove(attempt.requestId());
        byRequest.put(attempt.requestId(), new Entry(attempt, now));
        if (byRequest.size() > most) {
            byRequest.remove(byRequest.keySet().iterator().next());
        }
        return Optional.ofNullable(before).map(Entry::attempt).filter(earlier -> !earlier.equals(attempt));
    }

    /** Its gateway has ended it. Nothing happens when it is another attempt, or another gateway's. */
    void end(GatewayRef by, String requestId, Attempt attempt) {
        byRequest.computeIfPresent(
                requestId, (id, entry) -> entry.attempt().equals(new Orphan(id, attempt, by)) ? null : entry);
    }

    /** Takes out those whose gateways stay away, and forgets what is leased no more. */
    List<Orphan> orphans(GatewaySessions gateways, long before, long now) {
        List<Orphan> orphans = new ArrayList<>();
        for (Iterator<Entry> entries = byRequest.values().iterator(); entries.hasNext(); ) {
            Entry entry = entries.next();
            if (now - entry.since() > LONGEST) {
                entries.remove();
            } else if (gateways.away(entry.attempt().gateway(), before, now)) {
                entries.remove();
                orphans.add(entry.attempt());
            }
        }
        return orphans;
    }

    void addGatewaysTo(Set<GatewayRef> all) {
        byRequest.values().forEach(entry -> all.add(entry.attempt().gateway()));
    }
}
