package dev.baton.gateway;

import io.netty.channel.ChannelOption;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.core.Ordered;

/**
 * Refuses an address that other hosts can reach while no key is needed, and switches Nagle's algorithm off. Comes last,
 * so that it sees the address that will be used.
 */
final class ServerSocketRules implements WebServerFactoryCustomizer<NettyReactiveWebServerFactory>, Ordered {
    private final boolean keysNeeded;

    ServerSocketRules(boolean keysNeeded) {
        this.keysNeeded = keysNeeded;
    }

    @Override
    public void customize(NettyReactiveWebServerFactory factory) {
        @Nullable InetAddress address = factory.getAddress();
        if (!keysNeeded && (address == null || !address.isLoopbackAddress())) {
            String shown = address == null ? "all interfaces" : address.getHostAddress();
            throw new StartRefused(
                    "The gateway was asked to listen on " + shown
                            + " (setting server.address), but there is no API-key file, so anybody could use it.",
                    "Name a key file with baton.http.api-keys=FILE (one tenant:sha256-of-key per line), or listen on"
                            + " server.address=127.0.0.1.");
        }
        // The first token follows the headers in a packet of its own: with Nagle's algorithm it would wait for the
        // client's delayed ACK.
        factory.addServerCustomizers(server -> server.childOption(ChannelOption.TCP_NODELAY, true));
    }

    @Override
    public int getOrder() {
        return Ordered.LOWEST_PRECEDENCE;
    }
}
