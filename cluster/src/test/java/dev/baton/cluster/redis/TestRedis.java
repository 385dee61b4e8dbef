package dev.baton.cluster.redis;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

/** A connection as the applications have it. */
public final class TestRedis implements AutoCloseable {
    private final ClientResources resources = ClientResources.builder()
            .reconnectDelay(Delay.exponential(Duration.ofMillis(10), Duration.ofMillis(100), 2, TimeUnit.MILLISECONDS))
            .build();
    private final LettuceConnectionFactory connections;

    public TestRedis(URI url) {
        LettuceClientConfiguration client = LettuceClientConfiguration.builder()
                .clientResources(resources)
                .clientOptions(ClientOptions.builder()
                        .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                        .build())
                .build();
        connections =
                new LettuceConnectionFactory(new RedisStandaloneConfiguration(url.getHost(), url.getPort()), client);
        connections.afterPropertiesSet();
        connections.start();
    }

    public ReactiveStringRedisTemplate template() {
        return new ReactiveStringRedisTemplate(connections);
    }

    @Override
    public void close() {
        connections.destroy();
        resources.shutdown(0, 1, TimeUnit.SECONDS);
    }
}
