package dev.baton.cli.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * CPU time that the gateways of a stack on this machine use from here on, the JVM's own compilers and collectors included: a
 * gateway that is not warm shows it.
 */
final class GatewayCpu {
    private final @Nullable Map<Long, Duration> before;

    private GatewayCpu(@Nullable Map<Long, Duration> before) {
        this.before = before;
    }

    /** @param pids of the gateways; none when they are not seen from here */
    static GatewayCpu begin(List<Long> pids) {
        return new GatewayCpu(pids.isEmpty() ? null : times(pids));
    }

    /** Null when it is not known: no gateway of ours, no {@code /proc}, or one has ended meanwhile. */
    @Nullable
    Duration since() {
        Map<Long, Duration> then = before;
        Map<Long, Duration> now = then == null ? null : times(List.copyOf(then.keySet()));
        if (then == null || now == null) {
            return null;
        }
        return now.entrySet().stream()
                .map(each -> each.getValue().minus(then.getOrDefault(each.getKey(), each.getValue())))
                .reduce(Duration.ZERO, Duration::plus);
    }

    private static @Nullable Map<Long, Duration> times(List<Long> pids) {
        Map<Long, Duration> times = new HashMap<>();
        try {
            for (long pid : pids) {
                times.put(pid, ThreadTimes.of(pid).process());
            }
            return times;
        } catch (IOException e) {
            return null;
        }
    }
}
