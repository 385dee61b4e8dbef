package dev.baton.cluster.tls;

import java.util.Optional;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * TLS between the parts of a cluster, in which both sides show certificates; or none.
 *
 * @param source asked for each connection, so that renewed certificates count from the next one on; null: no TLS
 */
public record ClusterTls(@Nullable Supplier<SSLContext> source) {
    public static final ClusterTls NONE = new ClusterTls(null);

    /**
     * For one connection, of either side.
     *
     * @throws IllegalStateException when the certificates of the moment cannot be used
     */
    public Optional<SSLContext> context() {
        return Optional.ofNullable(source).map(Supplier::get);
    }
}
