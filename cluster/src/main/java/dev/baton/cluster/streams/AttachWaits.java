package dev.baton.cluster.streams;

import dev.baton.protocol.v1.GatewayRef;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Those who wait for a gateway's stream. Owned by the server's thread. */
final class AttachWaits {
    private final Map<GatewayRef, List<Consumer<Boolean>>> waiting = new HashMap<>();

    int count() {
        return waiting.size();
    }

    /** @param attached already */
    void await(GatewayRef gateway, boolean attached, Duration limit, StreamLoop loop, Consumer<Boolean> then) {
        if (attached) {
            then.accept(true);
        } else {
            waiting.computeIfAbsent(gateway, absent -> new ArrayList<>()).add(then);
            loop.later(limit, () -> timedOut(gateway, then));
        }
    }

    void attached(GatewayRef gateway) {
        List<Consumer<Boolean>> all = waiting.remove(gateway);
        if (all != null) {
            all.forEach(then -> then.accept(true));
        }
    }

    /** The time of one of them is up; nothing when it has been told before. */
    private void timedOut(GatewayRef gateway, Consumer<Boolean> then) {
        List<Consumer<Boolean>> all = waiting.get(gateway);
        if (all != null && all.remove(then)) {
            if (all.isEmpty()) {
                waiting.remove(gateway);
            }
            then.accept(false);
        }
    }
}
