package dev.baton.gateway.dispatch;

import dev.baton.cluster.lanes.DeadLetters;
import dev.baton.cluster.lanes.DeadLetters.DeadLetter;
import dev.baton.control.GenerationRequest;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.TokenLogprob;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The dead letters, and one of them run once more. The client of a dead letter is gone, so its tokens go to nobody: what
 * comes of the run tells whether the cause is mended. Any thread.
 */
public final class DeadRequests {
    private final DeadLetters letters;
    private final Dispatcher dispatcher;
    private final Clock clock;

    DeadRequests(DeadLetters letters, Dispatcher dispatcher, Clock clock) {
        this.letters = letters;
        this.dispatcher = dispatcher;
        this.clock = clock;
    }

    /**
     * What became of a run.
     *
     * @param requestId under which it ran
     * @param end a finish reason, or the failure's or refusal's code, in lower case
     * @param message of the failure or refusal; empty for none
     */
    public record Outcome(String requestId, int tokens, String end, String message) {}

    /** The newest first; blocks while Kafka is read. */
    public List<DeadLetter> list(int most) {
        return letters.list(most);
    }

    /** The one at that offset; empty when there is none, or none any more. Blocks while Kafka is read. */
    public Optional<DeadLetter> find(long offset) {
        return letters.at(offset);
    }

    /**
     * Runs the request of a dead letter from its prompt, under a new id. Blocks while Kafka is read.
     *
     * @param within its deadline
     * @throws NoSuchElementException when there is no dead letter at the offset
     * @throws IllegalStateException when it was kept without its prompt
     */
    public CompletionStage<Outcome> redrive(long offset, Duration within) {
        DeadLetter letter = letters.at(offset)
                .orElseThrow(() -> new NoSuchElementException("there is no dead letter at offset " + offset));
        Generation request = letter.request();
        if (request == null || !letter.hasPrompt()) {
            throw new IllegalStateException("the dead letter at offset " + offset
                    + " was kept without its prompt and cannot be run again: set baton.lanes.dead-prompts, and later"
                    + " ones can be");
        }
        Run run = new Run("redrive-" + UUID.randomUUID());
        dispatcher
                .prepare(
                        GenerationRequest.of(
                                request.toBuilder().setRequestId(run.requestId).build(),
                                clock.instant().plus(within)),
                        run)
                .start();
        return run.outcome;
    }

    /** Counts tokens and waits for the end. */
    private static final class Run implements Dispatcher.TokenSink {
        private final String requestId;
        private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
        private int tokens;

        Run(String requestId) {
            this.requestId = requestId;
        }

        @Override
        public void rejected(Rejection rejection) {
            end(rejection.reason().name(), rejection.message());
        }

        @Override
        public void token(int index, int token, @Nullable TokenLogprob logprob) {
            tokens++;
        }

        @Override
        public void finished(Finish.Reason reason) {
            end(reason.name(), "");
        }

        @Override
        public void failed(Failure failure) {
            end(failure.getCode().name(), failure.getMessage());
        }

        private void end(String how, String message) {
            outcome.complete(new Outcome(requestId, tokens, how.toLowerCase(Locale.ROOT), message));
        }
    }
}
