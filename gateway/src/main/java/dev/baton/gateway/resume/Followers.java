package dev.baton.gateway.resume;

import dev.baton.cluster.answers.RedisAnswers;
import dev.baton.cluster.answers.StoredAnswer;
import dev.baton.protocol.v1.Failure;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads from the store the answers that clients of this gateway read and another gateway runs. Sends nothing while there are none. */
final class Followers {
    private static final Logger LOG = LoggerFactory.getLogger(Followers.class);
    private static final Duration PAUSE = Duration.ofMillis(25);

    /** A reader comes back within this, or is not waited for. */
    private static final Duration UNREAD = Duration.ofSeconds(5);

    /** Redis may have come back empty: the owner writes its answers again. */
    private static final Duration ABSENT = Duration.ofSeconds(10);

    private final RedisAnswers store;
    private final ScheduledExecutorService thread;
    private final Duration keep;
    private final Clock clock;
    private final Map<KeptAnswer, Following> followed = new ConcurrentHashMap<>();
    private final AtomicBoolean scheduled = new AtomicBoolean();

    /** How one is followed. */
    private static final class Following {
        final AtomicBoolean reading = new AtomicBoolean();
        volatile @Nullable Instant absentSince;
    }

    /** @param keep how long the owner keeps an answer that was read here */
    Followers(RedisAnswers store, ScheduledExecutorService thread, Duration keep, Clock clock) {
        this.store = store;
        this.thread = thread;
        this.keep = keep;
        this.clock = clock;
    }

    void follow(KeptAnswer answer) {
        followed.putIfAbsent(answer, new Following());
        schedule();
    }

    boolean follows(KeptAnswer answer) {
        return followed.containsKey(answer);
    }

    int count() {
        return followed.size();
    }

    private void schedule() {
        try {
            if (!followed.isEmpty() && scheduled.compareAndSet(false, true)) {
                thread.schedule(this::round, PAUSE.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (RejectedExecutionException e) {
            LOG.debug("this gateway ends: nothing more is followed", e);
        }
    }

    private void round() {
        scheduled.set(false);
        followed.forEach(this::read);
        schedule();
    }

    private void read(KeptAnswer answer, Following how) {
        // One step, so that who has just come to read it is seen, or follows it anew.
        boolean goes = followed.computeIfPresent(answer, (any, known) -> wanted(answer) ? known : null) == null;
        if (!goes && how.reading.compareAndSet(false, true)) {
            long from = answer.stored();
            store.read(answer.key(), from, false, keep).whenComplete((found, failure) -> {
                how.reading.set(false);
                if (found != null) {
                    took(answer, how, from, found);
                }
            });
        }
    }

    private boolean wanted(KeptAnswer answer) {
        Instant unread = answer.unreadSince();
        return answer.owned() == null
                && !answer.ended()
                && (unread == null || !clock.instant().isAfter(unread.plus(UNREAD)));
    }

    private void took(KeptAnswer answer, Following how, long from, Optional<StoredAnswer> found) {
        if (found.isPresent()) {
            how.absentSince = null;
            answer.follow(found.get(), from);
            return;
        }
        Instant since = how.absentSince;
        if (since == null) {
            how.absentSince = clock.instant();
        } else if (clock.instant().isAfter(since.plus(ABSENT))) {
            followed.remove(answer);
            answer.abandon(Failure.newBuilder()
                    .setCode(Failure.Code.UNKNOWN_REQUEST)
                    .setMessage("the answer is not known any more: Redis has lost it")
                    .build());
        }
    }
}
