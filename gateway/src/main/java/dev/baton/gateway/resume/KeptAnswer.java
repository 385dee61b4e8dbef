package dev.baton.gateway.resume;

import dev.baton.cluster.answers.AnswerKey;
import dev.baton.cluster.answers.Append;
import dev.baton.cluster.answers.OwnedAnswer;
import dev.baton.cluster.answers.StoredAnswer;
import dev.baton.gateway.answer.PreparedRequest;
import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.dispatch.Dispatcher.RequestHandle;
import dev.baton.gateway.dispatch.TtftBreakdown;
import dev.baton.protocol.v1.Failure;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
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
    private final AtomicInteger readers = new AtomicInteger();
    private final AtomicBoolean dirty = new AtomicBoolean();
    /** Held while what was read is taken; before {@code this}. */
    private final Object reading = new Object();

    private volatile Instant lastReader;
    private volatile boolean held;

    /** Null while another gateway owns it. Read without the lock, as readers ask for it who hold a log's; logs come after it. */
    private volatile @Nullable Tenure tenure;

    private final AtomicBoolean settled = new AtomicBoolean();

    /** As its owner has it. Guarded by {@code this}, like all below. */
    private final LogBytes bytes = new LogBytes();

    private @Nullable Write underWay;
    private boolean forgotten;

    /** Of the store's log, what was read of it while another gateway owns it: that one's epoch, and how far. */
    private long epoch;

    private long stored;

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

    /** Somebody is about to read it. */
    void expectReader() {
        lastReader = clock.instant();
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
        Tenure now = tenure;
        RequestHandle handle = now == null ? null : now.handle(choice);
        return handle == null ? TtftBreakdown.NONE : handle.timing();
    }

    // The owner

    @Nullable
    Tenure tenure() {
        return tenure;
    }

    @Nullable
    OwnedAnswer owned() {
        Tenure now = tenure;
        return now == null ? null : now.as();
    }

    /** From here on this gateway runs it; {@code log} is all that the store has of it. */
    Tenure own(OwnedAnswer as, byte[] log, Settlement to) {
        Tenure before = tenure;
        if (before != null) {
            lose(before.as());
        }
        synchronized (reading) {
            for (ChoiceLog choice : logs) {
                choice.unsave();
            }
            int read = take(log);
            synchronized (this) {
                bytes.reset(log, read);
                underWay = null;
                forgotten = false;
                ChoiceLog.Feed[] feeds =
                        Arrays.stream(logs).map(ChoiceLog::feed).toArray(ChoiceLog.Feed[]::new);
                Tenure mine = new Tenure(as, to, feeds);
                tenure = mine;
                return mine;
            }
        }
    }

    /** A text to cut at was found, by whoever reads: of what this gateway runs, that is the end. */
    void stopped(int choice) {
        Tenure now = tenure;
        RequestHandle handle = now == null ? null : now.handle(choice);
        if (now != null && handle != null) {
            now.feed(choice).end(new ChoiceEnd.Stopped());
            handle.complete();
        }
    }

    /** Nobody runs it, and nothing will come of it. */
    void abandon(Failure failure) {
        for (ChoiceLog log : logs) {
            log.abandon(failure);
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

    /**
     * It is not this gateway's any more: nothing is settled here, and its log is read from the store again. False when it had
     * not this owner.
     */
    boolean lose(OwnedAnswer as) {
        Tenure gone;
        long generated;
        synchronized (this) {
            gone = tenure;
            if (gone == null || !gone.as().equals(as)) {
                return false;
            }
            tenure = null;
            underWay = null;
            stored = 0;
            epoch = 0;
            generated = generated();
            for (ChoiceLog log : logs) {
                log.lose();
            }
        }
        gone.over();
        gone.settlement().handedOver(prepared, generated);
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

    /** Says what it took, once. */
    void settle(Tenure ended) {
        if (!settled.compareAndSet(false, true)) {
            return;
        }
        boolean served = Arrays.stream(logs).anyMatch(log -> log.isAdmitted() || log.size() > 0);
        int cached = 0;
        for (int choice = 0; choice < logs.length; choice += prepared.n()) {
            cached += logs[choice].cachedTokens();
        }
        ended.settlement().settle(prepared, payingKey, served, cached, generated());
    }

    private long generated() {
        return Arrays.stream(logs).mapToLong(ChoiceLog::size).sum();
    }

    // The store

    /** True for the first to say that there is something to write, until {@link #nextWrite}. */
    boolean markDirty() {
        return !dirty.get() && dirty.compareAndSet(false, true);
    }

    /** What to write now; null for nothing, or while a write is under way. What was not confirmed is sent again as it was. */
    synchronized @Nullable Write nextWrite() {
        dirty.set(false);
        Tenure now = tenure;
        if (now == null || underWay != null) {
            return null;
        }
        bytes.add(LogCodec.unsaved(logs));
        if (bytes.allKept() && !forgotten) {
            return null;
        }
        int from = forgotten ? 0 : bytes.kept();
        underWay = new Write(new Append(now.as(), from, bytes.from(from)), forgotten);
        return underWay;
    }

    /** The store has it. */
    void kept(Write write) {
        synchronized (this) {
            if (underWay != write) {
                return;
            }
            bytes.keptTo(write.end());
            forgotten &= !write.anew();
        }
        // No other write begins before the logs know of this one, so that what they take for confirmed is.
        for (ChoiceLog log : logs) {
            log.saved();
        }
        notKept(write);
    }

    /** The store has not taken it, as far as is known. */
    synchronized void notKept(Write write) {
        if (underWay == write) {
            underWay = null;
        }
    }

    /** The store does not know it, or not all of it: it is to be written anew. False when it is not this owner's. */
    synchronized boolean forgotten(OwnedAnswer as) {
        boolean mine = as.equals(owned());
        forgotten |= mine;
        return mine;
    }

    boolean whole() {
        return Arrays.stream(logs).allMatch(ChoiceLog::whole);
    }

    /** From where in the store's log a follower reads. */
    synchronized long stored() {
        return stored;
    }

    /**
     * Takes what was read at this place of the store's log. Each owner lays the log out in its own way: with a new one it is
     * read from the start again, and what is known already is dropped.
     */
    void follow(StoredAnswer read, long from) {
        synchronized (reading) {
            synchronized (this) {
                if (tenure != null || from != stored) {
                    return;
                }
                if (read.epoch() != epoch) {
                    epoch = read.epoch();
                    stored = 0;
                    for (ChoiceLog log : logs) {
                        log.unsave();
                    }
                }
                if (from != stored) {
                    return;
                }
            }
            int taken = take(read.log());
            synchronized (this) {
                stored += taken;
            }
        }
    }

    /** Gives how many bytes whole records were. */
    private int take(byte[] log) {
        return LogCodec.read(log, record -> {
            if (record.getChoice() < logs.length) {
                logs[record.getChoice()].take(record);
            }
        });
    }
}
