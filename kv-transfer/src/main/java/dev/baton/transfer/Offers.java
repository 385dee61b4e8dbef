package dev.baton.transfer;

import dev.baton.kv.KvLayout;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.v1.Failure;
import dev.baton.transfer.OutgoingTransfer.Prompt;
import dev.baton.transfer.session.TimeSource;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The prompts that this worker computes for others, by attempt, and why those that have ended lately did. Any thread. */
final class Offers {
    private static final int REMEMBERED = 1024;
    private static final Failure LEAVING = Failures.of(Failure.Code.SHUTTING_DOWN, "this worker is shutting down");

    private final KvLayout layout;
    private final TransferListener listener;
    private final TimeSource time;
    private final Map<AttemptKey, Prompt> open = new ConcurrentHashMap<>();
    private final Map<AttemptKey, Failure> gone = new LinkedHashMap<>();
    private volatile boolean closed;

    Offers(SessionContext context) {
        this.layout = context.layout();
        this.listener = context.listener();
        this.time = context.time();
    }

    Prompt open(AttemptKey key, int tokens) {
        Prompt outbound = new Prompt(key, tokens, layout, time);
        if (closed) {
            outbound.failed(LEAVING);
            return outbound;
        }
        if (open.putIfAbsent(key, outbound) != null) {
            throw new IllegalStateException("already sending " + key);
        }
        var removal = outbound.completion().thenAccept(outcome -> ended(key, outcome));
        if (closed && !removal.isDone()) {
            outbound.failed(LEAVING);
        }
        return outbound;
    }

    private void ended(AttemptKey key, SendOutcome outcome) {
        Failure memory = switch (outcome) {
            case SendOutcome.Acknowledged sent -> {
                listener.sent(sent.transport(), sent.bytes(), sent.duration(), sent.exposed());
                yield Failures.of(Failure.Code.SUPERSEDED, "the transfer is over, its blocks are released");
            }
            case SendOutcome.Failed(Failure failure) -> {
                listener.failed(failure);
                yield failure;
            }
        };
        synchronized (gone) {
            gone.put(key, memory);
            if (gone.size() > REMEMBERED) {
                gone.remove(gone.keySet().iterator().next());
            }
        }
        open.remove(key);
    }

    @Nullable
    Prompt find(AttemptKey key) {
        return open.get(key);
    }

    Failure whyGone(AttemptKey key) {
        synchronized (gone) {
            Failure known = gone.get(key);
            return known != null
                    ? known
                    : Failures.of(
                            Failure.Code.UNKNOWN_REQUEST,
                            "no KV of request %s, attempt %d here".formatted(key.requestId(), key.attempt()));
        }
    }

    /** False when none is open. */
    boolean expire(long now, Duration wait) {
        open.values().forEach(outbound -> outbound.expire(now, wait));
        return !open.isEmpty();
    }

    void close() {
        closed = true;
        open.values().forEach(outbound -> outbound.failed(LEAVING));
    }
}
