package dev.baton.cluster.lanes;

import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.ClusterResource;
import org.apache.kafka.common.ClusterResourceListener;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * Deserializes keys, and hears in that place which Kafka cluster answers: one that was emptied and formatted anew has another
 * id, and offsets of the one before mean nothing in it.
 */
public final class KafkaLife extends StringDeserializer implements ClusterResourceListener {
    private final AtomicBoolean changed = new AtomicBoolean();
    private volatile @Nullable String id;

    @Override
    public void onUpdate(ClusterResource cluster) {
        String now = cluster.clusterId();
        if (now == null) {
            return;
        }
        String before = id;
        id = now;
        if (before != null && !before.equals(now)) {
            changed.set(true);
        }
    }

    /** True once after another cluster has answered. */
    boolean takeChanged() {
        return changed.getAndSet(false);
    }
}
