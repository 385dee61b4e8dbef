package dev.baton.gateway.connection;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPipeline;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import reactor.netty.NettyPipeline;

/** Puts the bounds of this package on every connection; one too many is closed before anything is read. */
@SuppressWarnings("FutureReturnValueIgnored") // Nothing depends on when a connection has closed.
public final class ConnectionRules implements WebServerFactoryCustomizer<NettyReactiveWebServerFactory> {
    /** After the body's own deadline, so that its error is sent before the connection closes. */
    private static final Duration GRACE = Duration.ofSeconds(1);

    private final ConnectionCounts counts;
    private final Limits limits;
    private final Counter refused;

    /**
     * What one connection, one address and all together may take.
     *
     * @param head from the first byte of a request to the end of its headers
     * @param body from there to the end of its body
     * @param stall longest time in which a peer takes none of the bytes that lie for it
     */
    public record Limits(int connections, int connectionsOfAddress, Duration head, Duration body, Duration stall) {}

    public ConnectionRules(Limits limits, MeterRegistry registry) {
        this.limits = limits;
        this.counts = new ConnectionCounts(limits.connections(), limits.connectionsOfAddress());
        this.refused = Counter.builder("baton.gateway.connections.refused")
                .description("Connections closed because there were too many, in all or of their address")
                .register(registry);
        Gauge.builder("baton.gateway.connections", counts, ConnectionCounts::open)
                .description("Open client connections")
                .register(registry);
    }

    @Override
    public void customize(NettyReactiveWebServerFactory factory) {
        factory.addServerCustomizers(server -> server.doOnChannelInit((observer, channel, remote) -> opened(channel)));
    }

    private void opened(Channel channel) {
        if (!(channel.remoteAddress() instanceof InetSocketAddress peer)) {
            channel.close(); // It has gone already.
            return;
        }
        InetAddress address = peer.getAddress();
        if (!counts.enter(address)) {
            refused.increment();
            channel.close();
            return;
        }
        channel.closeFuture().addListener(closed -> counts.leave(address));
        ChannelPipeline pipeline = channel.pipeline();
        pipeline.addFirst(new StalledWrites(limits.stall()));
        if (pipeline.get(NettyPipeline.HttpCodec) != null) {
            RequestDeadlines deadlines =
                    new RequestDeadlines(limits.head(), limits.body().plus(GRACE));
            pipeline.addFirst(deadlines.bytes());
            pipeline.addAfter(NettyPipeline.HttpCodec, null, deadlines);
        }
    }
}
