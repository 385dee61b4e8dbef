package dev.baton.gateway.dispatch;

import dev.baton.control.GenerationRequest;
import dev.baton.control.TokenIds;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.TokenLogprob;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Runs generations: the border between the HTTP edge and the workers. */
public interface Dispatcher {
    /**
     * Prepares a generation; it begins with {@link RequestHandle#start()}. From then on all that happens to it reaches
     * {@code sink}: either {@code rejected} alone, or {@code admitted}, {@code cached}, tokens, and one of {@code
     * finished}, {@code failed} and {@code rejected}, the last only before any token.
     */
    RequestHandle prepare(GenerationRequest request, TokenSink sink);

    /** The same for one choice of a request with several. Those of one prompt may wait for the first to have it computed. */
    default RequestHandle prepare(GenerationRequest request, Choices.Choice choice, TokenSink sink) {
        return prepare(request, sink);
    }

    /**
     * Prepares to go on with a generation that another gateway began, which from then on can change nothing of it any more.
     * The sink hears of what comes after {@code accepted}.
     *
     * @param accepted tokens so far, fewer than the most of the request
     * @return fails when Redis does not answer
     */
    CompletionStage<RequestHandle> resume(GenerationRequest request, TokenIds accepted, TokenSink sink);

    /** Whether all workers compute the same bits, so that a token that was lost comes again. */
    boolean exact();

    /** Of the live workers of the model that take new work: one where all make the same answers, none where none lives. */
    Set<WorkerBits> bits(String model);

    /** Tokens that the smallest of the live workers of the model can hold; 0 when no decode worker lives. */
    int maxContext(String model);

    /**
     * A generation that was prepared. Any thread may call; calls after the end do nothing. After {@link #cancel()} and
     * {@link #complete()} the sink may still get a call that was under way, and then nothing more.
     */
    interface RequestHandle {
        /** Admits and begins; once. Returns at once, and calls of the sink may come before it returns. */
        void start();

        /** The client left: queue, prefill, transfer and decode drop the request. */
        void cancel();

        /** Another gateway has taken it over: ends here, and no use of it is reported from here. */
        void handedOver();

        /** The client has all that it asked for (a stop string was found): ends as done, workers drop the rest. */
        void complete();

        /** Where the time went so far. */
        TtftBreakdown timing();
    }

    /** Receives the accepted tokens of one generation: in order, each once, one call at a time. Must not block. */
    interface TokenSink {
        /** What had been spent on the request when it was prepared, since its head came: for the operator's view of it. */
        default Duration spentBefore() {
            return Duration.ZERO;
        }

        /** Not let in, or no first attempt could be made; the only call, and the last. */
        void rejected(Rejection rejection);

        /** A worker has claimed the request, or computes the prompt for it: from here on the answer is 200. */
        default void admitted() {}

        /**
         * How many prompt tokens were found in a prefix cache; at most once, before the first token. Without this call:
         * none.
         */
        default void cached(int tokens) {}

        void token(int index, int token, @Nullable TokenLogprob logprob);

        void finished(Finish.Reason reason);

        void failed(Failure failure);
    }
}
