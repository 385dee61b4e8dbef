package dev.baton.cluster.streams;

import dev.baton.cluster.tls.ClusterTls;
import io.grpc.netty.shaded.io.netty.buffer.ByteBufAllocator;
import io.grpc.netty.shaded.io.netty.handler.ssl.ApplicationProtocolConfig;
import io.grpc.netty.shaded.io.netty.handler.ssl.ApplicationProtocolNegotiator;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.grpc.netty.shaded.io.netty.handler.ssl.JdkSslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSessionContext;

/** {@link ClusterTls} as gRPC takes it. */
final class StreamTls {
    private static final ApplicationProtocolConfig HTTP2 = new ApplicationProtocolConfig(
            ApplicationProtocolConfig.Protocol.ALPN,
            ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
            ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
            "h2");

    private StreamTls() {}

    /** Of one connection to a worker; empty: without TLS. gRPC checks that the host is among the certificate's names. */
    static Optional<SslContext> connecting(ClusterTls tls) {
        return tls.context().map(context -> of(context, true));
    }

    /** Of all connections that a worker accepts; empty: without TLS. */
    static Optional<SslContext> accepting(ClusterTls tls) {
        return tls.context().map(first -> new Accepting(tls, of(first, false)));
    }

    private static SslContext of(SSLContext context, boolean client) {
        return new JdkSslContext(
                context,
                client,
                null,
                IdentityCipherSuiteFilter.INSTANCE,
                HTTP2,
                client ? ClientAuth.NONE : ClientAuth.REQUIRE,
                null,
                false);
    }

    /** Takes the certificates of the moment for each connection; all else is as at the start. */
    private static final class Accepting extends SslContext {
        private final ClusterTls tls;
        private final SslContext first;

        Accepting(ClusterTls tls, SslContext first) {
            this.tls = tls;
            this.first = first;
        }

        @Override
        public boolean isClient() {
            return false;
        }

        @Override
        public List<String> cipherSuites() {
            return first.cipherSuites();
        }

        @Override
        public ApplicationProtocolNegotiator applicationProtocolNegotiator() {
            return first.applicationProtocolNegotiator();
        }

        @Override
        public SSLEngine newEngine(ByteBufAllocator allocator) {
            return now().newEngine(allocator);
        }

        @Override
        public SSLEngine newEngine(ByteBufAllocator allocator, String host, int port) {
            return now().newEngine(allocator, host, port);
        }

        @Override
        public SSLSessionContext sessionContext() {
            return first.sessionContext();
        }

        private SslContext now() {
            return tls.context().map(context -> of(context, false)).orElse(first);
        }
    }
}
