package dev.baton.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.engine.EngineCommand;
import dev.baton.engine.SequenceListener;
import dev.baton.engine.schedule.Goal;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Handoff;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.TicketOffer;
import dev.baton.protocol.v1.TokenLogprob;
import dev.baton.protocol.v1.WorkerState;
import dev.baton.stack.Ports;
import dev.baton.stack.proxy.FaultProxy;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A whole decode worker with the demo model: how it ends, and what it says of itself. */
@WithStack
@Timeout(240)
class DecodeWorkerTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final int MANY = 1_500;

    @Test
    void aStoppingWorkerLetsItsSequencesFinish(TestStack stack) throws Exception {
        try (RunningWorker worker = RunningWorker.start(stack, "--baton.engine.drain=60s")) {
            String request = worker.generate(MANY);
            await().atMost(LONG).until(() -> worker.tokens(request) > 0);
            assertThat(worker.tokens(request)).as("stopped in mid-stream").isLessThan(MANY);
            worker.stop();
            await().atMost(LONG).until(() -> worker.last(request).hasFinish());
            assertThat(worker.last(request).getFinish().getReason()).isEqualTo(Finish.Reason.LENGTH);
            assertThat(worker.tokens(request)).isEqualTo(MANY);
        }
    }

    @Test
    void aWorkerWhoseEngineDiesTellsItsGatewaysTakesNothingNewAndEnds(TestStack stack) throws Exception {
        try (RunningWorker worker = RunningWorker.start(stack)) {
            String request = worker.generate(MANY);
            await().atMost(LONG).until(() -> worker.tokens(request) > 0);
            assertThat(worker.state().getDraining()).isFalse();

            worker.engine().submit(new EngineCommand.Admit(poison(), Goal.PREFILL_AND_DECODE, new Deadly()));

            await().atMost(LONG).until(() -> worker.last(request).hasFailure());
            assertThat(worker.last(request).getFailure().getCode()).isEqualTo(Failure.Code.ENGINE_FAILED);
            await().atMost(LONG).until(() -> worker.state().getDraining());
            await().atMost(LONG).until(() -> worker.exits().equals(List.of(70)));
        }
    }

    @Test
    void aWorkerWhoseEngineHangsSaysSoGetsNothingNewAndEnds(TestStack stack) throws Exception {
        CountDownLatch stuck = new CountDownLatch(1);
        try (RunningWorker worker = RunningWorker.start(stack, "--baton.worker.hung-after=3s")) {
            worker.engine().submit(new EngineCommand.Admit(poison(), Goal.PREFILL_AND_DECODE, new Hanging(stuck)));
            await().atMost(LONG).until(() -> worker.state().getEngineStillMs() > 1_000);
            await().atMost(LONG).until(() -> worker.exits().equals(List.of(72)));
            await().atMost(LONG).until(() -> worker.state().getDraining());
            stuck.countDown();
        }
    }

    /** A worker that only lost its lane for a moment does not leave: what it decodes stays there. */
    @Test
    void saysThatItLeavesWhenItIsDrainedOrToEnd(TestStack stack) throws Exception {
        try (RunningWorker worker = RunningWorker.start(stack)) {
            assertThat(worker.state().getLeaving()).isFalse();
            worker.drain(true);
            await().atMost(LONG).until(() -> worker.state().getLeaving());
            await().atMost(LONG).until(worker::toldToLeave);
            worker.drain(false);
            await().atMost(LONG).until(() -> !worker.state().getLeaving());
        }
    }

    /** A worker that died between the last token and its end leaves such a request: its end comes after the tokens, not one later. */
    @Test
    void acceptedTokensThatAreTheWholeAnswerEndItWhereTheyEnd(TestStack stack) throws Exception {
        try (RunningWorker worker = RunningWorker.start(stack)) {
            Handoff.Builder handoff = worker.handoff(3);
            handoff.getGenerationBuilder().addAllAccepted(List.of(40, 41, 42));
            worker.record(handoff.getGeneration());
            worker.send(handoff.build());
            Progress end = await().atMost(LONG)
                    .until(() -> worker.ended(handoff.getGeneration().getRequestId()), Objects::nonNull);
            assertThat(end.getFinish().getReason()).isEqualTo(Finish.Reason.LENGTH);
            assertThat(end.getFirstIndex()).isEqualTo(3);
            assertThat(end.getTokensCount()).isZero();
        }
    }

    @Test
    void aHandoffWithoutASenseHoldsNoBlocks(TestStack stack) throws Exception {
        try (RunningWorker worker = RunningWorker.start(stack)) {
            int blocks = worker.engine().load().blocks();
            for (TicketOffer broken : List.of(
                    TicketOffer.newBuilder().setHost("127.0.0.1").setPort(9).build(),
                    TicketOffer.newBuilder().setTokens(20).setPort(70_000).build(),
                    TicketOffer.newBuilder()
                            .setTokens(2_000_000_000)
                            .setHost("no such host")
                            .setPort(1)
                            .build())) {
                Handoff handoff = worker.handoff(5).setTicket(broken).build();
                String request = handoff.getGeneration().getRequestId();
                worker.record(handoff.getGeneration());
                worker.send(handoff);
                await().atMost(LONG).until(() -> worker.last(request).hasFailure());
            }
            await().atMost(LONG)
                    .until(() -> worker.engine().load().freeBlocks()
                                    + worker.engine().load().cachedBlocks()
                            == blocks);
            worker.engine().checkIntegrity(LONG);
        }
    }

    @Test
    void announcesNoLongerAContextThanItsPoolHolds(TestStack stack) throws Exception {
        long blockBytes;
        try (RunningWorker wide = RunningWorker.start(stack)) {
            assertThat(wide.state().getMaxContext()).isEqualTo(2_048);
            blockBytes = wide.engine().capabilities().layout().blockBytes();
        }
        try (RunningWorker narrow = RunningWorker.start(stack, "--baton.kv.memory=" + 5 * blockBytes + "B")) {
            WorkerState state = narrow.state();
            assertThat(state.getBlocks()).isEqualTo(5);
            assertThat(state.getMaxContext()).isEqualTo(5 * state.getBlockTokens());
            String request = narrow.generate(state.getMaxContext() - RunningWorker.PROMPT);
            await().atMost(LONG).until(() -> ended(narrow.last(request)));
            assertThat(narrow.last(request).getFinish().getReason())
                    .as("what is announced fits")
                    .isEqualTo(Finish.Reason.LENGTH);
        }
    }

    @Test
    void isReachedThroughThePortThatItAdvertises(TestStack stack) throws Exception {
        List<Integer> listening = Ports.free(2);
        try (FaultProxy between = new FaultProxy(listening.getFirst());
                RunningWorker worker = RunningWorker.start(
                        stack,
                        "--baton.worker.token-port=" + listening.getFirst(),
                        "--baton.worker.advertised-token-port=" + between.port(),
                        "--baton.worker.kv-port=" + listening.getLast(),
                        "--baton.worker.advertised-kv-port=7102")) {
            assertThat(worker.state().getTokenPort()).isEqualTo(between.port());
            assertThat(worker.state().getKvPort()).isEqualTo(7_102);
            String request = worker.generate(5);
            await().atMost(LONG).until(() -> ended(worker.last(request)));
            assertThat(between.accepted()).isPositive();
        }
    }

    private static boolean ended(Progress progress) {
        return progress.getEndCase() != Progress.EndCase.END_NOT_SET;
    }

    private static Generation poison() {
        Generation.Builder generation =
                Generation.newBuilder().setRequestId("poison").addAllPrompt(List.of(5, 6, 7));
        generation.getAttemptBuilder().setNumber(1).setNonce(1);
        generation.getStoppingBuilder().setMaxTokens(5);
        return generation.build();
    }

    /** Holds the engine's thread until it is let go. */
    private record Hanging(CountDownLatch stuck) implements SequenceListener {
        @Override
        public void prefillStarted(int[] blocks, int cachedTokens) {
            try {
                stuck.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void token(int index, int token, @Nullable TokenLogprob logprob) {}

        @Override
        public void finished(Finish.Reason reason) {}

        @Override
        public void failed(Failure failure) {}
    }

    /** Breaks the engine that runs its sequence. */
    private static final class Deadly implements SequenceListener {
        @Override
        public void prefillStarted(int[] blocks, int cachedTokens) {
            throw new AssertionError("poison");
        }

        @Override
        public void token(int index, int token, @Nullable TokenLogprob logprob) {
            throw new AssertionError("poison");
        }

        @Override
        public void finished(Finish.Reason reason) {}

        @Override
        public void failed(Failure failure) {}
    }
}
