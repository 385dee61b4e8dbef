package dev.baton.cli.bench;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.zip.DataFormatException;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Durations of one kind, microsecond resolution, three digits. Safe from any thread. */
public final class Samples {
    private static final long LARGEST = Duration.ofMinutes(10).toNanos() / 1_000;

    private static final String WHOLE = "histogram";

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

    /** The figures, and all there is to add these samples to others: see {@link #addAll}. */
    public void writeWholeTo(ObjectNode json) {
        writeTo(json);
        ByteBuffer bytes = ByteBuffer.allocate(micros.getNeededByteBufferCapacity());
        int length = micros.encodeIntoCompressedByteBuffer(bytes);
        json.put(WHOLE, Base64.getEncoder().encodeToString(Arrays.copyOf(bytes.array(), length)));
    }

    /** @throws IllegalArgumentException when it is not what {@link #writeWholeTo} wrote */
    public void addAll(JsonNode json) {
        try {
            byte[] bytes = Base64.getDecoder().decode(json.path(WHOLE).asString(""));
            micros.add(Histogram.decodeFromCompressedByteBuffer(ByteBuffer.wrap(bytes), 0));
        } catch (DataFormatException | RuntimeException e) {
            throw new IllegalArgumentException("no samples: " + e.getMessage(), e);
        }
    }
}
