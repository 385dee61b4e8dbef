package dev.baton.cluster.redis;

import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

/**
 * Runs scripts over Spring's connection to Redis, through its driver's asynchronous commands: what a request waits for. The
 * reactive template takes more than twice as long for one on an idle system, and looks at the script's file before each.
 */
public final class RedisScripts implements ScriptRunner {
    private final LettuceConnectionFactory connections;
    private final Duration timeout;
    private volatile @Nullable RedisClusterAsyncCommands<byte[], byte[]> commands;

    /**
     * A script, read once.
     *
     * @param sha by which Redis knows it once it has seen it
     */
    public record Script(byte[] text, String sha) {
        /** @param resource on the class path, beside {@code owner} */
        public static Script read(Class<?> owner, String resource) {
            try (InputStream in = owner.getResourceAsStream(resource)) {
                if (in == null) {
                    throw new IllegalArgumentException("no resource %s beside %s".formatted(resource, owner));
                }
                byte[] text = in.readAllBytes();
                byte[] digest = MessageDigest.getInstance("SHA-1").digest(text);
                return new Script(text, HexFormat.of().formatHex(digest));
            } catch (IOException e) {
                throw new UncheckedIOException("reading " + resource, e);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("a Java without SHA-1", e);
            }
        }
    }

    /**
     * Begins to connect, without waiting for it.
     *
     * @param timeout after which a run fails
     */
    public RedisScripts(ReactiveStringRedisTemplate redis, Duration timeout) {
        if (!(redis.getConnectionFactory() instanceof LettuceConnectionFactory lettuce)) {
            throw new IllegalArgumentException(
                    "Redis is reached by %s: Lettuce is needed".formatted(redis.getConnectionFactory()));
        }
        this.connections = lettuce;
        this.timeout = timeout;
        connected().exceptionally(failure -> null); // the first run tries again
    }

    /**
     * Runs a script on one key. Any thread; none is blocked.
     *
     * @return its answer; fails when there is none within the timeout, when Redis refuses or cannot be reached
     */
    public CompletionStage<String> run(Script script, String key, String... arguments) {
        return run(script, List.of(key), arguments);
    }

    @Override
    public CompletionStage<String> run(Script script, List<String> names, String... arguments) {
        byte[][] values = Stream.of(arguments).map(RedisScripts::bytes).toArray(byte[][]::new);
        return run(script, names, values).thenApply(answer -> new String(answer, StandardCharsets.UTF_8));
    }

    /** The same with arguments and an answer of any bytes. */
    public CompletionStage<byte[]> run(Script script, List<String> names, byte[][] values) {
        byte[][] keys = names.stream().map(RedisScripts::bytes).toArray(byte[][]::new);
        CompletableFuture<byte[]> answer = new CompletableFuture<>();
        RedisClusterAsyncCommands<byte[], byte[]> open = commands;
        if (open != null) {
            ask(open, script, keys, values, answer);
        } else {
            connected().whenComplete((opened, failure) -> {
                if (opened != null) {
                    ask(opened, script, keys, values, answer);
                } else {
                    answer.completeExceptionally(failure);
                }
            });
        }
        return answer.orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static void ask(
            RedisClusterAsyncCommands<byte[], byte[]> redis,
            Script script,
            byte[][] keys,
            byte[][] values,
            CompletableFuture<byte[]> answer) {
        try {
            redis.<byte[]>evalsha(script.sha(), ScriptOutputType.VALUE, keys, values)
                    .whenComplete((value, failure) -> {
                        if (failure instanceof RedisNoScriptException) {
                            redis.<byte[]>eval(script.text(), ScriptOutputType.VALUE, keys, values)
                                    .whenComplete((late, again) -> end(answer, late, again));
                        } else {
                            end(answer, value, failure);
                        }
                    });
        } catch (RuntimeException e) {
            answer.completeExceptionally(e);
        }
    }

    private static void end(CompletableFuture<byte[]> answer, byte @Nullable [] value, @Nullable Throwable failure) {
        if (value != null) {
            answer.complete(value);
        } else {
            answer.completeExceptionally(failure != null ? failure : new NoSuchElementException("Redis gave no value"));
        }
    }

    /** The factory's shared connection, which outlives breaks. Its first opening blocks, so no caller waits for that. */
    @SuppressWarnings("unchecked") // as LettuceConnection documents: its commands are asynchronous ones over bytes
    private CompletableFuture<RedisClusterAsyncCommands<byte[], byte[]>> connected() {
        return CompletableFuture.supplyAsync(
                () -> {
                    RedisClusterAsyncCommands<byte[], byte[]> opened = (RedisClusterAsyncCommands<byte[], byte[]>)
                            connections.getConnection().getNativeConnection();
                    commands = opened;
                    return opened;
                },
                Thread::startVirtualThread);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
