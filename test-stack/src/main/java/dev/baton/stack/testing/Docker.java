package dev.baton.stack.testing;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Whether a Docker daemon answers, found out faster than Testcontainers gives up. */
final class Docker {
    private static final Duration LIMIT = Duration.ofSeconds(2);
    private static final String LOCAL = "unix:///var/run/docker.sock";
    private static final int PLAIN_PORT = 2375;

    private Docker() {}

    static boolean answers() {
        return address(System.getenv("DOCKER_HOST")).map(Docker::answersAt).orElse(false);
    }

    /** Where {@code DOCKER_HOST} says that the daemon is; empty when it says nothing that can be asked. */
    static Optional<SocketAddress> address(@Nullable String host) {
        try {
            URI uri = new URI(host == null || host.isBlank() ? LOCAL : host.strip());
            if ("unix".equals(uri.getScheme()) && uri.getPath() != null) {
                Path socket = Path.of(uri.getPath());
                return Files.exists(socket) ? Optional.of(UnixDomainSocketAddress.of(socket)) : Optional.empty();
            }
            return uri.getHost() == null
                    ? Optional.empty()
                    : Optional.of(new InetSocketAddress(uri.getHost(), port(uri)));
        } catch (URISyntaxException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** As the docker command takes it: one that is not named is the daemon's plain one. */
    private static int port(URI uri) {
        return uri.getPort() >= 0 ? uri.getPort() : PLAIN_PORT;
    }

    private static boolean answersAt(SocketAddress address) {
        CompletableFuture<Boolean> answer = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> answer.complete(ping(address)));
        try {
            return answer.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean ping(SocketAddress address) {
        boolean unix = address instanceof UnixDomainSocketAddress;
        try (SocketChannel channel =
                SocketChannel.open(unix ? StandardProtocolFamily.UNIX : StandardProtocolFamily.INET)) {
            channel.connect(address);
            channel.write(StandardCharsets.US_ASCII.encode("GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n"));
            ByteBuffer answer = ByteBuffer.allocate(64);
            channel.read(answer);
            return StandardCharsets.US_ASCII.decode(answer.flip()).toString().contains(" 200 ");
        } catch (IOException | UnresolvedAddressException e) {
            return false;
        }
    }
}
