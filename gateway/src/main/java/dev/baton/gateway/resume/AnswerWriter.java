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
        for (KeptAnswer answer : answers) {
            Append next = answer.nextWrite();
            if (next != null) {
                appends.add(next);
                written.add(answer);
            } else {
                endIfWhole(answer);
            }
        }
        if (appends.isEmpty()) {
            return CompletableFuture.completedStage(null);
        }
        return store.append(appends).<Void>handle((outcomes, failure) -> {
            for (int i = 0; i < written.size(); i++) {
                Kept kept =
                        outcomes == null ? null : outcomes.get(appends.get(i).answer());
                settle(written.get(i), appends.get(i).answer(), kept);
            }
            return null;
        });
    }

    /** @param kept null when Redis did not answer */
    private void settle(KeptAnswer answer, OwnedAnswer as, @Nullable Kept kept) {
        if (kept == null) {
            answer.written(as, false);
            again(answer);
        } else {
            switch (kept) {
                case KEPT -> {
                    answer.written(as, true);
                    changed(answer);
                    endIfWhole(answer);
                }
                case LOST -> fates.lost(answer);
                case ABSENT -> createAgain(answer, as);
            }
        }
    }

    /** Redis does not answer: after a pause the same is sent again, until the answer is long over. */
    private void again(KeptAnswer answer) {
        if (clock.instant().isBefore(answer.deadline().plus(settings.keep()))) {
            if (answer.markDirty()) {
                dirty.add(answer);
            }
            flushWithin(settings.writeBehind());
        } else {
            fates.lost(answer);
        }
    }

    private void endIfWhole(KeptAnswer answer) {
        if (answer.owned() != null && (answer.whole() || answer.rejected())) {
            fates.whole(answer);
        }
    }

    /** The lease of an answer is gone: it was taken over, or Redis came back empty. */
    void check(KeptAnswer answer, OwnedAnswer as) {
        if (as.equals(answer.owned())) {
            thread.execute(() -> createAgain(answer, as));
        }
    }

    private void createAgain(KeptAnswer answer, OwnedAnswer as) {
        store.create(anew(answer, as, "", answer.anew()), settings.lease()).whenComplete((created, failure) -> {
            if (created instanceof Created.Mine) {
                answer.written(as, true);
                changed(answer);
            } else if (created instanceof Created.Lost) {
                fates.lost(answer);
            } else {
                answer.written(as, false);
                again(answer);
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
