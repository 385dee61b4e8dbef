package dev.baton.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.EngineCommand.Admit;
import dev.baton.engine.EngineSettings.Role;
import dev.baton.engine.schedule.Goal;
import dev.baton.engine.simulated.SimulatedModel;
import dev.baton.engine.simulated.StepCost;
import dev.baton.kv.KvRegion;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Generation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ModelEngineTest {
    private static final Duration SOON = Duration.ofSeconds(10);
    private final CompletableFuture<Throwable> died = new CompletableFuture<>();

    /** Ends of one sequence, for a thread that waits for them. */
    private static class Waiting extends RecordingListener {
        private final BlockingQueue<Boolean> ends = new LinkedBlockingQueue<>();

        @Override
        public void finished(Finish.Reason reason) {
            super.finished(reason);
            ends.add(true);
        }

        @Override
        public void failed(Failure reason) {
            super.failed(reason);
            ends.add(false);
        }

        boolean finishes() throws InterruptedException {
            Boolean end = ends.poll(SOON.toSeconds(), TimeUnit.SECONDS);
            assertThat(end).as("an end within %s, so far %s", SOON, events).isNotNull();
            return Boolean.TRUE.equals(end);
        }
    }

    @Test
    void sequencesFromManyThreadsAllFinishAndLeaveThePoolIntact() throws InterruptedException {
        try (Engine engine = engine(64, 64, UnaryOperator.identity())) {
            List<Waiting> heard = java.util.stream.IntStream.range(0, 40)
                    .parallel()
                    .mapToObj(i -> {
                        Waiting listener = new Waiting();
                        Generation generation = Bench.generation("r" + i, Bench.prompt(i, 1 + i), 10);
                        assertThat(engine.submit(new Admit(generation, Goal.PREFILL_AND_DECODE, listener)))
                                .isTrue();
                        return listener;
                    })
                    .toList();
            for (Waiting listener : heard) {
                assertThat(listener.finishes()).isTrue();
                assertThat(listener.tokens).hasSize(10);
            }
            engine.checkIntegrity(SOON);
            assertThat(engine.load().steps()).isPositive();
            assertThat(engine.capabilities().resumesFromKv()).isTrue();
        }
    }

    @Test
    void aFullQueueDeclinesAtOnce() throws InterruptedException {
        CountDownLatch stepBegun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (Engine engine = engine(64, 4, runner -> new WrappedRunner(runner) {
            @Override
            public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
                stepBegun.countDown();
                awaitQuietly(goOn);
                return super.forward(slices, progress);
            }
        })) {
            Waiting first = new Waiting();
            engine.submit(new Admit(Bench.generation("first", Bench.prompt(1, 5), 2), Goal.PREFILL_AND_DECODE, first));
            assertThat(stepBegun.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
            int taken = 0;
            while (engine.submit(new Admit(
                    Bench.generation("r" + taken, Bench.prompt(1, 5), 2), Goal.PREFILL_AND_DECODE, new Waiting()))) {
                taken++;
            }
            assertThat(taken).isEqualTo(4);
            goOn.countDown();
            assertThat(first.finishes()).isTrue();
        }
    }

    @Test
    void closingFailsWhatRunsAndTakesNothingMore() throws InterruptedException {
        CountDownLatch closed = new CountDownLatch(1);
        Engine engine = engine(64, 64, runner -> new WrappedRunner(runner) {
            @Override
            public void close() {
                super.close();
                closed.countDown();
            }
        });
        Waiting waiting = new Waiting();
        engine.submit(new Admit(Bench.generation("a", Bench.prompt(1, 5), 2), Goal.DECODE, waiting));
        engine.close();
        assertThat(waiting.finishes()).isFalse();
        assertThat(waiting.failureCode()).isEqualTo(Failure.Code.SHUTTING_DOWN);
        assertThat(closed.getCount()).as("the runner is closed").isZero();
        assertThat(engine.submit(new Admit(Bench.generation("b", Bench.prompt(1, 5), 2), Goal.DECODE, new Waiting())))
                .isFalse();
        assertThatThrownBy(() -> engine.checkIntegrity(SOON)).hasMessageContaining("closing");
    }

    @Test
    void anErrorOfTheModelEndsTheEngineAndNamesTheStep() throws Exception {
        try (Engine engine = engine(64, 64, runner -> new WrappedRunner(runner) {
            @Override
            public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
                throw new OutOfMemoryError("of the device");
            }
        })) {
            Waiting waiting = new Waiting();
            engine.submit(new Admit(Bench.generation("a", Bench.prompt(1, 5), 2), Goal.PREFILL_AND_DECODE, waiting));
            assertThat(waiting.finishes()).isFalse();
            assertThat(waiting.failureCode()).isEqualTo(Failure.Code.ENGINE_FAILED);
            assertThat(died.get(SOON.toSeconds(), TimeUnit.SECONDS))
                    .hasMessageContaining("step 1 (0 decode rows, 5 prompt rows)")
                    .hasRootCauseMessage("of the device");
        }
    }

    @Test
    void everybodyHearsOfTheEngineDeathEvenWhenListenersThrow() throws InterruptedException {
        CountDownLatch allTaken = new CountDownLatch(1);
        EngineListener throwing = new EngineListener() {
            @Override
            public void stepEnded(StepReport report) {}

            @Override
            public void died(Throwable cause) {
                throw new AssertionError("who hears of a death must not be able to hide it");
            }
        };
        try (Engine engine = engine(64, 64, throwing, runner -> new WrappedRunner(runner) {
            @Override
            public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
                awaitQuietly(allTaken);
                throw new OutOfMemoryError("of the device");
            }
        })) {
            List<Waiting> heard = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                Waiting waiting = new Waiting() {
                    @Override
                    public void failed(Failure reason) {
                        super.failed(reason);
                        throw new AssertionError("a listener's own trouble");
                    }
                };
                heard.add(waiting);
                Generation generation = Bench.generation("r" + i, Bench.prompt(i, 5), 2);
                engine.submit(new Admit(generation, i % 2 == 0 ? Goal.PREFILL_AND_DECODE : Goal.DECODE, waiting));
            }
            allTaken.countDown();
            for (Waiting waiting : heard) {
                assertThat(waiting.finishes()).isFalse();
                assertThat(waiting.failureCode()).isEqualTo(Failure.Code.ENGINE_FAILED);
            }
        }
    }

    @Test
    void aCommandThatSlipsInWhileTheThreadEndsIsAnsweredOnce() {
        Bench bench = new Bench(Role.BOTH, 8);
        ModelEngine.CommandQueue queue = new ModelEngine.CommandQueue(4, 1);
        bench.loop.close(Admission.failure(Failure.Code.ENGINE_FAILED, "dead"));
        RecordingListener before = new RecordingListener();
        RecordingListener after = new RecordingListener();
        queue.offer(admission("before", before));
        queue.end(bench.loop::handle);
        queue.offer(admission("after", after));
        assertThat(before.failureCode()).isEqualTo(Failure.Code.ENGINE_FAILED);
        assertThat(after.failureCode()).isEqualTo(Failure.Code.ENGINE_FAILED);
        assertThat(queue.isEmpty()).isTrue();
    }

    @Test
    void aFullQueueRefusesAdmissionsAndNothingElse() {
        ModelEngine.CommandQueue queue = new ModelEngine.CommandQueue(2, 1);
        assertThat(queue.offer(admission("a", new RecordingListener()))).isTrue();
        assertThat(queue.offer(admission("b", new RecordingListener()))).isTrue();
        assertThat(queue.offer(admission("c", new RecordingListener()))).isFalse();
        List<EngineCommand> releases = IntStream.range(0, 1_000)
                .<EngineCommand>mapToObj(i -> new EngineCommand.Release(new AttemptKey("r" + i, 1, i)))
                .toList();
        releases.forEach(release -> assertThat(queue.offer(release)).isTrue());
        assertThat(queue.poll()).isInstanceOf(Admit.class);
        assertThat(queue.offer(admission("d", new RecordingListener()))).isTrue();
        assertThat(queue.poll()).isInstanceOf(Admit.class);
        releases.forEach(release -> assertThat(queue.poll()).isEqualTo(release));
        assertThat(queue.poll()).isInstanceOf(Admit.class);
        assertThat(queue.isEmpty()).isTrue();
    }

    private static Admit admission(String id, SequenceListener listener) {
        return new Admit(Bench.generation(id, Bench.prompt(1, 5), 2), Goal.DECODE, listener);
    }

    @Test
    void aDeadlineWakesTheParkedEngine() throws InterruptedException {
        try (Engine engine = engine(64, 64, UnaryOperator.identity())) {
            Waiting waiting = new Waiting();
            Generation generation = Bench.generation("a", Bench.prompt(1, 5), 2).toBuilder()
                    .setDeadlineMs(System.currentTimeMillis())
                    .build();
            engine.submit(new Admit(generation, Goal.DECODE, waiting));
            assertThat(waiting.finishes()).isFalse();
            assertThat(waiting.failureCode()).isEqualTo(Failure.Code.DEADLINE_EXCEEDED);
        }
    }

    private Engine engine(int blocks, int queue, UnaryOperator<ModelRunner> wrapping) {
        EngineListener listener = new EngineListener() {
            @Override
            public void stepEnded(StepReport report) {}

            @Override
            public void died(Throwable cause) {
                died.complete(cause);
            }
        };
        return engine(blocks, queue, listener, wrapping);
    }

    private static Engine engine(int blocks, int queue, EngineListener listener, UnaryOperator<ModelRunner> wrapping) {
        SimulatedModel model = new SimulatedModel("toy", Bench.VOCAB, 256, Set.of(), 3, Bench.BLOCK, StepCost.NONE);
        KvRegion region = new KvRegion(
                model.layout(blocks),
                Arena.ofAuto().allocate(model.layout(blocks).bytes(), 64));
        EngineSettings settings = new EngineSettings(Role.BOTH, 16, 32, queue, EngineSettings.Patience.DEFAULT);
        return ModelEngine.start(settings, wrapping.apply(model.bind(region)), listener, EngineClock.system());
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            if (!latch.await(SOON.toSeconds(), TimeUnit.SECONDS)) {
                throw new IllegalStateException("the test has not gone on");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
