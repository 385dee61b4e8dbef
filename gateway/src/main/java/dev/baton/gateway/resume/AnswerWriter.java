package dev.baton.gateway.resume;

import dev.baton.cluster.answers.Append;
import dev.baton.cluster.answers.Created;
import dev.baton.cluster.answers.Kept;
import dev.baton.cluster.answers.OwnedAnswer;
import dev.baton.cluster.answers.RedisAnswers;
import dev.baton.cluster.answers.RedisAnswers.NewAnswer;
import dev.baton.control.GenerationRequest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what was accepted to the store, for all answers of this gateway together: soon after the first of them has something
 * new, at once where readers wait for it. Sends nothing while there is nothing new.
 */
final class AnswerWriter {
    private static final Logger LOG = LoggerFactory.getLogger(AnswerWriter.class);

    /** Between two tries to tell the store of an end. */
    private static final Duration END_AGAIN = Duration.ofMillis(250);

    /** Who waits for an answer that is not let in has read that within this. */
    private static final Duration KEEP_REJECTED = Duration.ofSeconds(10);

    private final RedisAnswers store;
    private final ScheduledExecutorService thread;
    private final ResumeProperties settings;
    private final Clock clock;
    private final String owner;
    private final Queue<KeptAnswer> dirty = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean scheduled = new AtomicBoolean();

    @SuppressWarnings("NullAway.Init") // set by listen
    private AnswerFates fates;

    /** @param owner this gateway in this life */
    AnswerWriter(
            RedisAnswers store, ScheduledExecutorService thread, ResumeProperties settings, Clock clock, String owner) {
        this.store = store;
        this.thread = thread;
        this.settings = settings;
        this.clock = clock;
        this.owner = owner;
    }

    void listen(AnswerFates listener) {
        fates = listener;
    }

    /** Something came that the store has not. Costs next to nothing. */
    void changed(KeptAnswer answer) {
        if (answer.markDirty()) {
            dirty.add(answer);
            flushWithin(answer.held() ? Duration.ZERO : settings.writeBehind());
        }
    }

    private void flushWithin(Duration time) {
        try {
            if (time.isZero()) {
                thread.execute(this::flush);
            } else if (scheduled.compareAndSet(false, true)) {
                thread.schedule((Runnable) this::flush, time.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (RejectedExecutionException e) {
            LOG.debug("this gateway ends: nothing more is stored", e);
        }
    }

    private void flush() {
        scheduled.set(false);
        List<KeptAnswer> all = new ArrayList<>();
        for (KeptAnswer answer = dirty.poll(); answer != null; answer = dirty.poll()) {
            all.add(answer);
        }
        try {
            write(all);
        } catch (RuntimeException e) {
            LOG.error("{} answers could not be stored", all.size(), e);
        }
    }

    /** Writes one answer now. */
    CompletionStage<Void> flush(KeptAnswer answer) {
        return write(List.of(answer));
    }

    private CompletionStage<Void> write(List<KeptAnswer> answers) {
        List<Append> appends = new ArrayList<>();
        List<KeptAnswer> written = new ArrayList<>();
        List<Write> writes = new ArrayList<>();
        for (KeptAnswer answer : answers) {
            Write next = answer.nextWrite();
            if (next == null) {
                endIfWhole(answer);
            } else if (next.anew()) {
                writeAnew(answer, next);
            } else {
                appends.add(next.append());
                written.add(answer);
                writes.add(next);
            }
        }
        if (appends.isEmpty()) {
            return CompletableFuture.completedStage(null);
        }
        return store.append(appends).<Void>handle((outcomes, failure) -> {
            for (int i = 0; i < written.size(); i++) {
                Kept kept =
                        outcomes == null ? null : outcomes.get(appends.get(i).answer());
                settle(written.get(i), writes.get(i), kept);
            }
            return null;
        });
    }

    /** @param kept null when Redis did not answer */
    private void settle(KeptAnswer answer, Write write, @Nullable Kept kept) {
        OwnedAnswer as = write.append().answer();
        switch (kept) {
            case KEPT -> kept(answer, write);
            case LOST -> fates.lost(answer, as);
            case ABSENT -> {
                answer.notKept(write);
                missing(answer, as);
            }
            case null -> again(answer, write);
        }
    }

    private void kept(KeptAnswer answer, Write write) {
        answer.kept(write);
        changed(answer);
        endIfWhole(answer);
    }

    /** Redis does not answer: after a pause the same is sent again, until the answer is long over. */
    private void again(KeptAnswer answer, Write write) {
        answer.notKept(write);
        if (clock.instant().isBefore(answer.deadline().plus(settings.keep()))) {
            if (answer.markDirty()) {
                dirty.add(answer);
            }
            flushWithin(settings.writeBehind());
        } else {
            fates.lost(answer, write.append().answer());
        }
    }

    private void endIfWhole(KeptAnswer answer) {
        Tenure mine = answer.tenure();
        if (mine != null && answer.whole() && mine.close()) {
            end(answer, mine, clock.instant().plus(settings.keep()));
        }
    }

    /** Nobody takes over what the store knows to have ended; so it is asked again until it knows, or has forgotten the answer. */
    private void end(KeptAnswer answer, Tenure mine, Instant until) {
        Duration keep =
                answer.rejected() && KEEP_REJECTED.compareTo(settings.keep()) < 0 ? KEEP_REJECTED : settings.keep();
        store.end(mine.as(), keep, answer.failed() || answer.rejected()).whenComplete((kept, failure) -> {
            if (kept == Kept.LOST) {
                fates.lost(answer, mine.as());
            } else if (kept != null || !clock.instant().isBefore(until)) {
                fates.over(answer, mine);
            } else if (mine.equals(answer.tenure())) {
                later(() -> end(answer, mine, until));
            }
        });
    }

    /** It may have been stored, and is not wanted: without this another gateway would run it for nobody. */
    void forget(OwnedAnswer answer) {
        forget(answer, clock.instant().plus(settings.keep()));
    }

    private void forget(OwnedAnswer answer, Instant until) {
        store.end(answer, Duration.ZERO, true).whenComplete((kept, failure) -> {
            if (kept == null && clock.instant().isBefore(until)) {
                later(() -> forget(answer, until));
            }
        });
    }

    private void later(Runnable what) {
        try {
            thread.schedule(what, END_AGAIN.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("this gateway ends: another one tells the store of the end", e);
        }
    }

    /** The lease of an answer is gone, or the answer: it was taken over, or Redis came back empty. */
    void missing(KeptAnswer answer, OwnedAnswer as) {
        if (answer.forgotten(as)) {
            changed(answer);
        }
    }

    private void writeAnew(KeptAnswer answer, Write write) {
        OwnedAnswer as = write.append().answer();
        store.create(anew(answer, as, "", write.append().bytes()), settings.lease())
                .whenComplete((created, failure) -> {
                    switch (created) {
                        case Created.Mine _ -> kept(answer, write);
                        case Created.Lost _ -> fates.lost(answer, as);
                        case Created.Exists _, Created.Full _ -> again(answer, write);
                        case null -> again(answer, write);
                    }
                });
    }

    /** An answer as it is stored at first. */
    NewAnswer anew(KeptAnswer answer, OwnedAnswer as, String clientKey, byte[] log) {
        Duration left = Duration.between(clock.instant(), answer.deadline());
        long bytes = answer.request().length;
        for (GenerationRequest generation : answer.prepared().generations()) {
            bytes += LogCodec.most(
                    generation.maxTokens(),
                    generation.sampling().getLogprobs(),
                    generation.sampling().getTopLogprobs());
        }
        return new NewAnswer(
                as,
                owner,
                left.isNegative() ? Duration.ZERO : left,
                settings.keep(),
                bytes,
                settings.tenantBytes().toBytes(),
                clientKey,
                answer.request(),
                log);
    }
}
