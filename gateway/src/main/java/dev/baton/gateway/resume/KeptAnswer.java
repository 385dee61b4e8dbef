package dev.baton.gateway.resume;

import dev.baton.cluster.answers.AnswerKey;
import dev.baton.cluster.answers.Append;
import dev.baton.cluster.answers.OwnedAnswer;
import dev.baton.gateway.answer.PreparedRequest;
import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.dispatch.Dispatcher.RequestHandle;
import dev.baton.gateway.dispatch.Rejection;
import dev.baton.gateway.dispatch.TtftBreakdown;
import dev.baton.protocol.v1.AnswerRecord;
import dev.baton.protocol.v1.Failure;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * One answer at this gateway: run by it, or followed. Its logs say what was accepted; what the store has of them is known here.
 * Any thread; what goes to the store is guarded by {@code this}.
 */
final class KeptAnswer {
    private final AnswerKey key;
    private final String payingKey;
    private final PreparedRequest prepared;
    private final byte[] request;
    private final InstantSource clock;
    private final Instant deadline;
    private final ChoiceLog[] logs;
    private final AtomicReferenceArray<@Nullable RequestHandle> handles;
    private final AtomicInteger readers = new AtomicInteger();
    private final AtomicBoolean dirty = new AtomicBoolean();
    /** Held while what was read is taken; before {@code this}. */
    private final Object reading = new Object();

    private volatile Instant lastReader;
    private volatile boolean held;

    /** Null while another gateway owns it. Read without the lock, as readers ask for it who hold a log's; logs come after it. */
    private volatile @Nullable OwnedAnswer owned;

    /** Guarded by {@code this}, like all below. */
    private Settlement settlement = Settlement.NONE;

    private long stored;
    private byte @Nullable [] sent;
    private boolean writing;
    private boolean settled;

    /** @param request as it is stored */
    KeptAnswer(
            AnswerKey key,
            String payingKey,
            PreparedRequest prepared,
            byte[] request,
            Instant deadline,
            InstantSource clock) {
        this.key = key;
        this.payingKey = payingKey;
        this.prepared = prepared;
        this.request = request;
        this.deadline = deadline;
        this.clock = clock;
        this.logs = new ChoiceLog[prepared.choices()];
        Arrays.setAll(logs, ChoiceLog::new);
        this.handles = new AtomicReferenceArray<>(logs.length);
        this.lastReader = clock.instant();
    }

    AnswerKey key() {
        return key;
    }

    PreparedRequest prepared() {
        return prepared;
    }

    byte[] request() {
        return request;
    }

    Instant deadline() {
        return deadline;
    }

    ChoiceLog log(int choice) {
        return logs[choice];
    }

    ChoiceLog[] logs() {
        return logs;
    }

    /** Hands out readers of this answer in the place of generations. */
    Dispatcher replay(Dispatcher dispatcher) {
        return new Replay(this, dispatcher, true);
    }

    /** The same for a reader that is no client. */
    Dispatcher watch(Dispatcher dispatcher) {
        return new Replay(this, dispatcher, false);
    }

    // Readers

    void readerCame() {
        readers.incrementAndGet();
    }

    void readerLeft() {
        lastReader = clock.instant();
        readers.decrementAndGet();
    }

    /** Since when nobody here reads it; null while somebody does. */
    @Nullable
    Instant unreadSince() {
        return readers.get() > 0 ? null : lastReader;
    }

    TtftBreakdown timing(int choice) {
        RequestHandle handle = handles.get(choice);
        return handle == null ? TtftBreakdown.NONE : handle.timing();
    }

    // The owner

    @Nullable
    OwnedAnswer owned() {
        return owned;
    }

    /** From here on this gateway runs it; {@code log} is all that the store has of it. */
    void own(OwnedAnswer as, byte[] log, Settlement to) {
        synchronized (reading) {
            int known = (int) Math.min(stored(), log.length);
            take(Arrays.copyOfRange(log, known, log.length));
            synchronized (this) {
                owned = as;
                sent = null;
                writing = false;
                settlement = to;
            }
        }
    }

    void runs(int choice, RequestHandle handle) {
        handles.set(choice, handle);
    }

    /** A text to cut at was found, by whoever reads: of what this gateway runs, that is the end. */
    void stopped(int choice) {
        RequestHandle handle = handles.get(choice);
        if (owned() != null && handle != null) {
            logs[choice].end(new ChoiceEnd.Stopped());
            handle.complete();
        }
    }

    /** One choice cannot go on: none does. */
    void fail(Failure failure) {
        for (int choice = 0; choice < logs.length; choice++) {
            logs[choice].end(new ChoiceEnd.Failed(failure));
            RequestHandle handle = handles.get(choice);
            if (handle != null) {
                handle.cancel();
            }
        }
    }

    /** None of it has run, and none will. */
    void reject(Rejection rejection) {
        for (int choice = 0; choice < logs.length; choice++) {
            logs[choice].end(new ChoiceEnd.Rejected(rejection));
            RequestHandle handle = handles.get(choice);
            if (handle != null) {
                handle.cancel();
            }
        }
    }

    /** Its readers here are told to ask elsewhere; the answer goes on. */
    void dismiss(Failure failure) {
        for (ChoiceLog log : logs) {
            log.dismiss(failure);
        }
    }

    /** From here on readers get what the store has. */
    void hold() {
        if (!held) {
            held = true;
            for (ChoiceLog log : logs) {
                log.hold();
            }
        }
    }

    boolean held() {
        return held;
    }

    /** It is not this gateway's any more: nothing is settled here, and its log is read from the store again. */
    synchronized boolean lose() {
        if (owned == null) {
            return false;
        }
        owned = null;
        settlement.handedOver(prepared, generated());
        settlement = Settlement.NONE;
        sent = null;
        stored = 0;
        for (int choice = 0; choice < logs.length; choice++) {
            logs[choice].unsave();
            RequestHandle handle = handles.getAndSet(choice, null);
            if (handle != null) {
                handle.handedOver();
            }
        }
        return true;
    }

    boolean ended() {
        return Arrays.stream(logs).allMatch(log -> log.end() != null);
    }

    boolean failed() {
        return Arrays.stream(logs).anyMatch(log -> log.end() instanceof ChoiceEnd.Failed);
    }

    boolean rejected() {
        return Arrays.stream(logs).anyMatch(log -> log.end() instanceof ChoiceEnd.Rejected);
    }

    /** Says what it took; false when that was said before. */
    boolean settle() {
        Settlement to;
        synchronized (this) {
            if (settled) {
                return false;
            }
            settled = true;
            to = settlement;
        }
        boolean served = Arrays.stream(logs).anyMatch(log -> log.isAdmitted() || log.size() > 0);
        int cached = 0;
        for (int choice = 0; choice < logs.length; choice += prepared.n()) {
            cached += logs[choice].cachedTokens();
        }
        to.settle(prepared, payingKey, served, cached, generated());
        return true;
    }

    private long generated() {
        return Arrays.stream(logs).mapToLong(ChoiceLog::size).sum();
    }

    // The store

    /** True for the first to say that there is something to write, until {@link #nextWrite}. */
    boolean markDirty() {
        return !dirty.get() && dirty.compareAndSet(false, true);
    }

    /** What to write now; null for nothing. What was sent and not confirmed is sent as it was. */
    synchronized @Nullable Append nextWrite() {
        dirty.set(false);
        if (owned == null || writing) {
            return null;
        }
        if (sent == null) {
            byte[] next = LogCodec.unsaved(logs);
            if (next.length == 0) {
                return null;
            }
            sent = next;
        }
        writing = true;
        return new Append(owned, stored, sent);
    }

    /** @param kept whether the store has it */
    void written(OwnedAnswer as, boolean kept) {
        synchronized (this) {
            if (!as.equals(owned)) {
                return;
            }
            writing = false;
            if (!kept) {
                return;
            }
            stored += sent == null ? 0 : sent.length;
            sent = null;
        }
        for (ChoiceLog log : logs) {
            log.saved();
        }
    }

    /** The whole log, for a store that has lost it. */
    synchronized byte[] anew() {
        for (ChoiceLog log : logs) {
            log.unsave();
        }
        sent = LogCodec.unsaved(logs);
        stored = 0;
        writing = true;
        return sent;
    }

    boolean whole() {
        return Arrays.stream(logs).allMatch(ChoiceLog::whole);
    }

    /** From where in the store's log a follower reads. */
    synchronized long stored() {
        return stored;
    }

    /** Takes what was read at this place of the store's log. */
    void follow(long from, byte[] log) {
        synchronized (reading) {
            if (owned() == null && from == stored()) {
                take(log);
            }
        }
    }

    private void take(byte[] log) {
        int read = LogCodec.read(log, record -> {
            if (record.getChoice() < logs.length) {
                takeRecord(record);
            }
        });
        synchronized (this) {
            stored += read;
        }
    }

    private void takeRecord(AnswerRecord read) {
        logs[read.getChoice()].take(read);
    }
}
