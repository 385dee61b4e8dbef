package dev.baton.gateway.auth;

import dev.baton.cluster.redis.PeriodicTask;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The key file, read again when it has changed, be it written anew, replaced or linked elsewhere. A change is taken once two
 * looks in a row and one after reading find the same file: half of a line may allow more than the whole. What cannot be
 * read leaves the keys as they are. Any thread.
 */
public final class ReloadedKeys implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ReloadedKeys.class);

    private final Path file;
    private final Counter taken;
    private final Counter refused;
    private final PeriodicTask task;
    private volatile ApiKeys keys;
    private volatile boolean stale;
    private boolean unreadable;

    /** Of what was last read, be it taken or refused; and of the last look. */
    private @Nullable Stamp seen;

    private @Nullable Stamp looked;

    /** By which a change is known: also one that keeps size and time, when the file was replaced. */
    private record Stamp(
            FileTime modified, long size, @Nullable Object file) {
        static @Nullable Stamp of(Path file) {
            try {
                BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
                return new Stamp(now.lastModifiedTime(), now.size(), now.fileKey());
            } catch (IOException e) {
                return null;
            }
        }
    }

    /**
     * Reads the file, and looks from now on whether it has changed.
     *
     * @throws IllegalArgumentException when it is malformed
     * @throws UncheckedIOException when it cannot be read
     */
    public ReloadedKeys(Path file, Duration every, MeterRegistry registry) {
        this.file = file;
        this.seen = Stamp.of(file);
        this.looked = seen;
        this.keys = ApiKeys.read(file);
        this.taken = reloads(registry, "taken");
        this.refused = reloads(registry, "refused");
        Gauge.builder("baton.gateway.keys", () -> keys.size())
                .description("API keys in force")
                .register(registry);
        Gauge.builder("baton.gateway.keys.stale", () -> stale ? 1 : 0)
                .description("1 while the key file has something else than what is in force, since it cannot be read")
                .register(registry);
        this.task = new PeriodicTask("api-keys", every, this::look).start();
    }

    private static Counter reloads(MeterRegistry registry, String outcome) {
        return Counter.builder("baton.gateway.keys.reloads")
                .description("Changes of the key file that were seen")
                .tag("outcome", outcome)
                .register(registry);
    }

    /** As they are now. */
    ApiKeys now() {
        return keys;
    }

    /** At most one at a time. */
    void look() {
        Stamp now = Stamp.of(file);
        boolean rests = Objects.equals(now, looked);
        looked = now;
        if (!rests || Objects.equals(now, seen) && !unreadable) {
            return;
        }
        ApiKeys read;
        try {
            read = ApiKeys.read(file);
        } catch (UncheckedIOException e) {
            // Tried again at each look: what mends it, such as a permission, may change nothing by which a change is
            // known.
            if (!unreadable) {
                unreadable = true;
                refuse(e.getMessage() + ": " + e.getCause());
            }
            return;
        } catch (IllegalArgumentException e) {
            if (Objects.equals(now, Stamp.of(file))) {
                seen = now;
                unreadable = false;
                refuse(String.valueOf(e.getMessage()));
            }
            return;
        }
        if (!Objects.equals(now, Stamp.of(file))) {
            return;
        }
        seen = now;
        unreadable = false;
        int before = keys.size();
        keys = read;
        stale = false;
        taken.increment();
        LOG.info("The API-key file {} was read again: {} keys, before {}", file, read.size(), before);
    }

    private void refuse(String why) {
        stale = true;
        refused.increment();
        LOG.warn("The API keys stay as they were: {}", why);
    }

    @Override
    public void close() {
        task.close();
    }
}
