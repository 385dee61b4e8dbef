package dev.baton.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.engine.Engine;
import dev.baton.engine.EngineClock;
import dev.baton.engine.EngineCommand;
import dev.baton.engine.EngineSettings;
import dev.baton.engine.ModelEngine;
import dev.baton.engine.PoolMemory;
import dev.baton.engine.SequenceListener;
import dev.baton.engine.schedule.Goal;
import dev.baton.engine.simulated.SimulatedModel;
import dev.baton.engine.simulated.StepCost;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.ClusterSecret;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.KvHolder;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.protocol.v1.TokenLogprob;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.transfer.KvExchange;
import dev.baton.transfer.NamedBlocks;
import dev.baton.transfer.TransferListener;
import dev.baton.transfer.TransferSettings;
import dev.baton.transfer.pool.LocalPools;
import dev.baton.transfer.pool.PoolIdentity;
import dev.baton.transfer.pool.SharedPool;
import dev.baton.transfer.session.TimeSource;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two workers of different hosts: the pool of one cannot be read by the other, but its blocks can be fetched. */
class PeerFetchTest {
    private static final int BLOCK = 16;
    private static final int BLOCKS = 32;
    private static final SimulatedModel MODEL =
            new SimulatedModel("m", 1_000, 2_048, Set.of(), 2, BLOCK, StepCost.NONE);
    private static final Generation PROMPT = Generation.newBuilder()
            .setRequestId("r")
            .setAttempt(Attempt.newBuilder().setNumber(1).setNonce(1))
            .addAllPrompt(IntStream.range(3, 3 + 5 * BLOCK + 7).boxed().toList())
            .build();

    @TempDir
    Path folder;

    private SharedPool pool(String worker) throws Exception {
        return SharedPool.create(
                Files.createDirectories(folder.toRealPath().resolve("host-of-" + worker)),
                new PoolIdentity(worker, 1, MODEL.shape(BLOCKS).fingerprint(), "simulated", MODEL.layout(BLOCKS)));
    }

    private static KvExchange exchange(SharedPool pool, NamedBlocks named) throws Exception {
        return new KvExchange(
                pool,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                TransferSettings.defaults(
                        new ClusterSecret("a secret of these tests"),
                        "host-of-" + pool.identity().workerId()),
                TransferListener.NONE,
                TimeSource.system(),
                named);
    }

    @Test
    void aSurvivorElsewhereFetchesThePromptFromThePrefillWorker() throws Exception {
        try (SharedPool held = pool("prefill-0");
                SharedPool own = pool("decode-1");
                Engine engine = ModelEngine.start(
                        new EngineSettings(EngineSettings.Role.PREFILL, 4, 64, 64, EngineSettings.Patience.DEFAULT),
                        MODEL.bind(held.region()),
                        report -> {},
                        EngineClock.system(),
                        new PoolMemory(held.ledger(), true, held.adopted()));
                KvExchange serving = exchange(held, new EngineBlocks(engine::submit, held.ledger()));
                KvExchange fetching = exchange(own, NamedBlocks.NONE)) {
            prefill(engine);
            KvHolder holder = KvHolder.newBuilder()
                    .setWorker(WorkerRef.newBuilder().setId("prefill-0").setEpoch(1))
                    .setHost("127.0.0.1")
                    .setPort(serving.port())
                    .build();
            SimpleMeterRegistry registry = new SimpleMeterRegistry();
            try (KvRestorer restorer = new KvRestorer(
                    new LocalPools(own), MODEL.shape(BLOCKS).fingerprint(), BLOCK, new WorkerMetrics(registry))) {
                int[] blocks = {9, 8, 7, 6, 5, 4};
                Restored restored = restorer.restore(
                        PROMPT,
                        new PeerFetch(
                                fetching, List.of(holder), Duration.ofSeconds(10), RequestTags.getDefaultInstance()),
                        blocks,
                        0);
                assertThat(restored.rung()).isEqualTo(Restored.Rung.PEER);
                assertThat(restored.found()).isEqualTo(5 * BLOCK);
                assertThat(registry.counter("baton.kv.recoveries", "rung", "peer")
                                .count())
                        .isOne();
            }
            engine.submit(new EngineCommand.LetGo(AttemptKey.of(PROMPT).toString()));
            await().untilAsserted(() -> {
                engine.checkIntegrity(Duration.ofSeconds(5));
                assertThat(engine.load().cachedBlocks())
                        .as("held no longer than the fetch")
                        .isEqualTo(5);
            });
        }
    }

    @Test
    void whereNobodyHoldsItThePromptIsComputed() throws Exception {
        try (SharedPool held = pool("prefill-0");
                SharedPool own = pool("decode-1");
                KvExchange serving = exchange(held, NamedBlocks.NONE);
                KvExchange fetching = exchange(own, NamedBlocks.NONE);
                KvRestorer restorer = new KvRestorer(
                        new LocalPools(own),
                        MODEL.shape(BLOCKS).fingerprint(),
                        BLOCK,
                        new WorkerMetrics(new SimpleMeterRegistry()))) {
            KvHolder holder = KvHolder.newBuilder()
                    .setWorker(WorkerRef.newBuilder().setId("prefill-0").setEpoch(1))
                    .setHost("127.0.0.1")
                    .setPort(serving.port())
                    .build();
            Restored restored = restorer.restore(
                    PROMPT,
                    new PeerFetch(fetching, List.of(holder), Duration.ofSeconds(10), RequestTags.getDefaultInstance()),
                    new int[] {9, 8, 7, 6, 5, 4},
                    0);
            assertThat(restored.rung()).isEqualTo(Restored.Rung.PREFILL);
            assertThat(restored.found()).isZero();
        }
    }

    @Test
    void aHolderThatDoesNotAnswerInTimeIsNotAskedByTheNextPrompt() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        NamedBlocks silent = names -> {
            asked.incrementAndGet();
            return new CompletableFuture<>();
        };
        try (SharedPool held = pool("prefill-0");
                SharedPool own = pool("decode-1");
                KvExchange serving = exchange(held, silent);
                KvExchange fetching = exchange(own, NamedBlocks.NONE);
                KvRestorer restorer = new KvRestorer(
                        new LocalPools(own),
                        MODEL.shape(BLOCKS).fingerprint(),
                        BLOCK,
                        new WorkerMetrics(new SimpleMeterRegistry()))) {
            KvHolder holder = KvHolder.newBuilder()
                    .setWorker(WorkerRef.newBuilder().setId("prefill-0").setEpoch(1))
                    .setHost("127.0.0.1")
                    .setPort(serving.port())
                    .build();
            PeerFetch peers =
                    new PeerFetch(fetching, List.of(holder), Duration.ofSeconds(1), RequestTags.getDefaultInstance());
            for (int prompt = 0; prompt < 3; prompt++) {
                assertThat(restorer.fetch(PROMPT, peers, new int[] {9, 8, 7, 6, 5, 4}, 0)
                                .found())
                        .isZero();
            }
            assertThat(asked).hasValue(1);
        }
    }

    private static void prefill(Engine engine) throws Exception {
        CompletableFuture<Integer> first = new CompletableFuture<>();
        engine.submit(new EngineCommand.Admit(PROMPT, Goal.PREFILL, new SequenceListener() {
            @Override
            public void token(int index, int token, @Nullable TokenLogprob logprob) {
                first.complete(token);
            }

            @Override
            public void finished(Finish.Reason reason) {}

            @Override
            public void failed(Failure failure) {
                first.completeExceptionally(new IllegalStateException(failure.getMessage()));
            }
        }));
        first.get(10, TimeUnit.SECONDS);
        engine.submit(new EngineCommand.Release(AttemptKey.of(PROMPT)));
    }
}
