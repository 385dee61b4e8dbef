package dev.baton.engine;

import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.TokenLogprob;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Keeps what a sequence was told, and refuses what may not follow. */
public class RecordingListener implements SequenceListener {
    public final List<Integer> tokens = new ArrayList<>();
    public final List<String> events = new ArrayList<>();
    public int[] blocks = {};
    public int firstIndex = -1;
    public int cachedTokens = -1;
    public int layerTokens;
    public Finish.@Nullable Reason finish;

    @Nullable
    public Failure failure;

    public boolean ended() {
        return finish != null || failure != null;
    }

    public Failure.Code failureCode() {
        return failure == null ? Failure.Code.CODE_UNSPECIFIED : failure.getCode();
    }

    @Override
    public void prefillStarted(int[] all, int cached) {
        event("prefillStarted");
        blocks = all;
        cachedTokens = cached;
    }

    @Override
    public void lastChunkStarted() {
        event("lastChunkStarted");
    }

    @Override
    public void layerComputed(int layer, int fromToken, int toToken) {
        event("layer%d[%d,%d)".formatted(layer, fromToken, toToken));
    }

    @Override
    public void reserved(int[] all, int cached) {
        event("reserved");
        blocks = all;
        cachedTokens = cached;
    }

    @Override
    public void decodeStarted() {
        event("decodeStarted");
    }

    @Override
    public void token(int index, int token, @Nullable TokenLogprob logprob) {
        event("token" + index);
        if (firstIndex < 0) {
            firstIndex = index;
        } else if (index != firstIndex + tokens.size()) {
            throw new AssertionError("token %d after %d tokens from %d".formatted(index, tokens.size(), firstIndex));
        }
        tokens.add(token);
    }

    @Override
    public void finished(Finish.Reason reason) {
        event("finished");
        finish = reason;
    }

    @Override
    public void failed(Failure reason) {
        event("failed");
        failure = reason;
    }

    private void event(String event) {
        if (ended()) {
            throw new AssertionError(event + " after the end: " + events);
        }
        events.add(event);
    }
}
