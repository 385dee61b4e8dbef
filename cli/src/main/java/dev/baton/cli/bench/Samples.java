package dev.baton.cli.bench;

import java.time.Duration;
import org.HdrHistogram.ConcurrentHistogram;
import tools.jackson.databind.node.ObjectNode;

/** Durations of one kind, microsecond resolution, three digits. Safe from any thread. */
public final class Samples {
    private static final long LARGEST = Duration.ofMinutes(10).toNanos() / 1_000;

    private final ConcurrentHistogram micros = new ConcurrentHistogram(LARGEST, 3);

    public void addNanos(long nanos) {
        addMicros(nanos / 1_000);
    }

    void addMicros(long value) {
        micros.recordValue(Math.clamp(value, 0, LARGEST));
    }

    public long count() {
        return micros.getTotalCount();
    }

    /** Milliseconds at a percentile, 0 when there is no sample. */
    public double millis(double percentile) {
        return micros.getValueAtPercentile(percentile) / 1e3;
    }

    double meanMillis() {
        return count() == 0 ? 0 : micros.getMean() / 1e3;
    }

    public void writeTo(ObjectNode json) {
        json.put("count", count())
                .put("mean", meanMillis())
                .put("p50", millis(50))
                .put("p99", millis(99))
                .put("max", millis(100));
    }
}
