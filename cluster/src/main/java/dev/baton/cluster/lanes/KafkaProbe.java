package dev.baton.cluster.lanes;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;

/**
 * Asks whether a broker answers. The result is kept for a while, so that many callers cost one question. No caller waits
 * longer than the limit. Safe for use by any thread.
 */
public final class KafkaProbe implements AutoCloseable {
    private final Map<String, Object> config;
    private final Duration limit;
    private final Duration keptFor;

    private @Nullable Admin admin;
    private boolean answered;
    private long answeredAt;
    private boolean asked;
    private boolean closed;

    /**
     * @param connection Kafka client settings: servers and, where needed, security
     * @param limit a broker that has not answered within this does not answer
     * @param keptFor how long an answer is given again without asking
     */
    public KafkaProbe(Map<String, Object> connection, Duration limit, Duration keptFor) {
        this.limit = limit;
        this.keptFor = keptFor;
        config = new HashMap<>(connection);
        int millis = Math.toIntExact(limit.toMillis());
        config.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, millis);
        config.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, millis);
        config.put(AdminClientConfig.CLIENT_ID_CONFIG, "baton-health");
    }

    public synchronized boolean answers() {
        if (closed) {
            return false;
        }
        if (!asked || System.nanoTime() - answeredAt > keptFor.toNanos()) {
            answered = ask();
            answeredAt = System.nanoTime();
            asked = true;
        }
        return answered;
    }

    private boolean ask() {
        try {
            Admin open = admin;
            if (open == null) {
                open = Admin.create(config);
                admin = open;
            }
            int millis = Math.toIntExact(limit.toMillis());
            open.describeCluster(new DescribeClusterOptions().timeoutMs(millis))
                    .clusterId()
                    .get(millis, TimeUnit.MILLISECONDS);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException | TimeoutException | KafkaException e) {
            return false;
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (admin != null) {
            admin.close(Duration.ZERO);
        }
    }
}
