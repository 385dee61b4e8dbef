package dev.baton.gateway.dispatch;

import dev.baton.control.GenerationRequest;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.TokenLogprob;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Keeps what a request says, and insists on order and on one end. */
final class RecordingSink implements Dispatcher.TokenSink {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    final List<Integer> tokens = new CopyOnWriteArrayList<>();
    final List<String> wrongs = new CopyOnWriteArrayList<>();
    volatile boolean admitted;
    private final CompletableFuture<String> end = new CompletableFuture<>();
    private Dispatcher.@Nullable RequestHandle handle;

    /** Starts the generation; it speaks here. */
    void start(Dispatcher dispatcher, GenerationRequest request) {
        start(dispatcher, request, Choices.Choice.alone());
    }

    void start(Dispatcher dispatcher, GenerationRequest request, Choices.Choice choice) {
        Dispatcher.RequestHandle prepared = dispatcher.prepare(request, choice, this);
        handle = prepared;
        prepared.start();
    }

    @Override
    public void rejected(Rejection rejection) {
        end("refused " + rejection.reason());
    }

    @Override
    public void admitted() {
        if (admitted) {
            wrongs.add("admitted twice");
        }
        admitted = true;
    }

    @Override
    public void token(int index, int token, @Nullable TokenLogprob logprob) {
        if (index != tokens.size() || end.isDone()) {
            wrongs.add("token " + index + " after " + tokens.size());
        }
        tokens.add(token);
    }

    @Override
    public void finished(Finish.Reason reason) {
        end("finished " + reason);
    }

    @Override
    public void failed(Failure failure) {
        end("failed " + failure.getCode());
    }

    Dispatcher.RequestHandle handle() {
        return Objects.requireNonNull(handle);
    }

    boolean ended() {
        return end.isDone();
    }

    /** The last word; fails when there is none in time. */
    String end() throws Exception {
        return end.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void end(String word) {
        if (!end.complete(word)) {
            wrongs.add("a second end: " + word);
        }
    }
}
