package dev.baton.gateway.resume;

import dev.baton.control.GenerationRequest;
import dev.baton.control.TokenIds;
import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.dispatch.WorkerBits;
import dev.baton.protocol.v1.Finish;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;

/** Workers that make tokens when a test says so: at index i the token {@code bits} + i. */
final class Computing implements Dispatcher {
    final List<Run> runs = new CopyOnWriteArrayList<>();
    private final int bits;
    private final boolean exact;
    private volatile CompletableFuture<Void> adopted = CompletableFuture.completedFuture(null);

    /** @param exact what other gateways' workers make is the same */
    Computing(int bits, boolean exact) {
        this.bits = bits;
        this.exact = exact;
    }

    /** What is taken over from here on waits for this. */
    void adoptWhen(CompletableFuture<Void> event) {
        adopted = event;
    }

    /** The one that was prepared last. */
    Run last() {
        return runs.getLast();
    }

    @Override
    public RequestHandle prepare(GenerationRequest request, TokenSink sink) {
        return run(sink, 0);
    }

    @Override
    public CompletionStage<RequestHandle> resume(GenerationRequest request, TokenIds accepted, TokenSink sink) {
        return adopted.thenApply(done -> run(sink, accepted.size()));
    }

    private Run run(TokenSink sink, int from) {
        Run run = new Run(sink, from);
        runs.add(run);
        return run;
    }

    @Override
    public boolean exact() {
        return exact;
    }

    @Override
    public Set<WorkerBits> bits(String model) {
        return Set.of();
    }

    @Override
    public int maxContext(String model) {
        return 1_000;
    }

    final class Run extends RecordingHandle {
        final TokenSink sink;
        final int from;
        private int next;

        private Run(TokenSink sink, int from) {
            this.sink = sink;
            this.from = from;
            this.next = from;
        }

        /** Also after it was told to end, as what is under way may. */
        void make(int tokens) {
            sink.admitted();
            for (int i = 0; i < tokens; i++) {
                sink.token(next, bits + next, null);
                next++;
            }
        }

        void finish() {
            sink.finished(Finish.Reason.LENGTH);
        }
    }
}
