package dev.baton.gateway.resume;

import dev.baton.control.GenerationRequest;
import dev.baton.control.TokenIds;
import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.dispatch.WorkerBits;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * A dispatcher whose generations are the choices of one answer, from their logs.
 *
 * @param client its readers are a client, for whom the answer is kept
 */
record Replay(KeptAnswer answer, Dispatcher live, boolean client) implements Dispatcher {
    @Override
    public RequestHandle prepare(GenerationRequest request, TokenSink sink) {
        for (int choice = 0; choice < answer.prepared().choices(); choice++) {
            if (answer.prepared().generations().get(choice).requestId().equals(request.requestId())) {
                return new LogReader(answer, choice, sink, client);
            }
        }
        throw new IllegalArgumentException("request " + request.requestId() + " is none of this answer's");
    }

    @Override
    public CompletionStage<RequestHandle> resume(GenerationRequest request, TokenIds accepted, TokenSink sink) {
        return CompletableFuture.failedStage(new UnsupportedOperationException("a log is read from its start"));
    }

    @Override
    public Set<WorkerBits> bits(String model) {
        return live.bits(model);
    }

    @Override
    public int maxContext(String model) {
        return live.maxContext(model);
    }

    @Override
    public boolean exact() {
        return live.exact();
    }
}
