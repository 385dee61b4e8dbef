package dev.baton.cluster.directory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.kv.BlockHash;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

@WithStack
class RedisKvDirectoryTest {
    private static final ClusterNames NAMES = new ClusterNames("baton");
    private static final WorkerRef ONE =
            WorkerRef.newBuilder().setId("prefill-0").setEpoch(-1).build();
    private static final WorkerRef OTHER =
            WorkerRef.newBuilder().setId("decode-0").setEpoch(2).build();

    private final List<BlockHash> chain =
            Stream.generate(RedisKvDirectoryTest::hash).limit(4).toList();
    private final long model = ThreadLocalRandom.current().nextLong();
    private LettuceConnectionFactory connections;
    private RedisKvDirectory directory;

    @BeforeEach
    void connect(TestStack stack) {
        URI url = stack.redis();
        connections = new LettuceConnectionFactory(url.getHost(), url.getPort());
        connections.afterPropertiesSet();
        connections.start();
        directory = directory(model, Duration.ofMinutes(1));
    }

    @AfterEach
    void disconnect() {
        connections.destroy();
    }

    @Test
    void namesTheHoldersOfTheLeadingBlocksOnly() throws Exception {
        get(directory.register(chain.getFirst(), chain.subList(0, 2), ONE));
        assertThat(get(directory.holders(chain))).containsExactly(ONE, ONE);

        get(directory.register(chain.getFirst(), chain, OTHER));
        get(directory.remove(chain.getFirst(), chain.subList(1, 2), OTHER));
        assertThat(get(directory.holders(chain))).as("a gap ends the run").containsExactly(OTHER);
    }

    @Test
    void takesBackOnlyWhatStillNamesTheHolder() throws Exception {
        get(directory.register(chain.getFirst(), chain, ONE));
        get(directory.register(chain.getFirst(), chain.subList(0, 1), OTHER));
        assertThat(get(directory.remove(chain.getFirst(), chain, ONE))).isEqualTo(3);
        assertThat(get(directory.holders(chain))).containsExactly(OTHER);
    }

    @Test
    void forgetsAHolderWhoseLeaseEnds() throws Exception {
        RedisKvDirectory brief = directory(model, Duration.ofMillis(40));
        get(brief.register(chain.getFirst(), chain, ONE));
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!get(brief.holders(chain)).isEmpty()) {
            assertThat(System.nanoTime()).isLessThan(end);
        }
    }

    @Test
    void keepsModelsApart() throws Exception {
        get(directory.register(chain.getFirst(), chain, ONE));
        assertThat(get(directory(model + 1, Duration.ofMinutes(1)).holders(chain)))
                .isEmpty();
    }

    @Test
    void asksNothingForAnEmptyChain() throws Exception {
        assertThat(get(directory.holders(List.of()))).isEmpty();
        assertThat(get(directory.register(chain.getFirst(), List.of(), ONE))).isZero();
    }

    private RedisKvDirectory directory(long fingerprint, Duration lease) {
        return new RedisKvDirectory(
                new ReactiveStringRedisTemplate(connections), NAMES, fingerprint, lease, Duration.ofSeconds(10));
    }

    private static BlockHash hash() {
        return new BlockHash(
                ThreadLocalRandom.current().nextLong(),
                ThreadLocalRandom.current().nextLong());
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(10, TimeUnit.SECONDS);
    }
}
