package dev.baton.gateway.dispatch;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/** Usage events that Kafka takes at once: their spool is no part of what is explored. */
public final class UsageSink implements AutoCloseable {
    final UsageEvents events;

    public UsageSink(Path folder) throws IOException {
        events = new UsageEvents(
                event -> CompletableFuture.completedFuture(null),
                UsageSpool.open(folder, "explorer", 1 << 20),
                new SimpleMeterRegistry());
    }

    @Override
    public void close() {
        events.close();
    }
}
