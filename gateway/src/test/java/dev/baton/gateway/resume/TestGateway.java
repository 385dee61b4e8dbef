package dev.baton.gateway.resume;

import dev.baton.cluster.answers.OwnedAnswer;
import dev.baton.cluster.answers.RedisAnswers;
import dev.baton.gateway.answer.AnswerBudget;
import dev.baton.gateway.answer.CompletionRunner;
import dev.baton.gateway.answer.PreparedRequest;
import dev.baton.gateway.answer.ServedModel;
import dev.baton.gateway.observe.EdgeMetrics;
import dev.baton.gateway.resume.ResumableAnswers.Opened;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.springframework.util.unit.DataSize;

/** The resumable answers of one gateway on a real Redis, with workers and time that a test plays. */
final class TestGateway implements AutoCloseable {
    static final Duration LEASE = Duration.ofMillis(500);
    static final Duration KEEP = Duration.ofMinutes(2);
    private static final Duration LONG = Duration.ofSeconds(20);

    final Computing workers;
    final List<String> settled = new CopyOnWriteArrayList<>();
    final ResumableAnswers answers;
    private final Followers followers;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
    private volatile Duration ahead = Duration.ZERO;

    /** The system's, and some time more. */
    private final Clock clock = ((InstantSource) () -> Instant.now().plus(ahead)).withZone(ZoneOffset.UTC);

    TestGateway(String name, RedisAnswers store, ServedModel model, Computing workers) {
        this.workers = workers;
        ResumeProperties settings = new ResumeProperties(KEEP, LEASE, Duration.ofMillis(2), DataSize.ofMegabytes(1));
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        this.followers = new Followers(store, thread, KEEP, clock);
        this.answers = new ResumableAnswers(
                store,
                model,
                new AnswerRuns(
                        workers,
                        new CompletionRunner(workers, model, new AnswerBudget(DataSize.ofMegabytes(1))),
                        model,
                        new EdgeMetrics(meters, 1)),
                new AnswerWriter(store, thread, settings, clock, name),
                followers,
                settings,
                clock,
                name,
                settlement(name + " in the end"),
                meters);
    }

    private Settlement settlement(String who) {
        return new Settlement() {
            @Override
            public void settle(PreparedRequest prepared, String key, boolean served, int cached, long generated) {
                settled.add(who + ": " + (served ? "served " : "not served ") + generated);
            }

            @Override
            public void handedOver(PreparedRequest prepared, long generated) {
                settled.add(who + ": handed over " + generated);
            }
        };
    }

    /** An answer that was begun here, or the one that the key stands for. */
    KeptAnswer create(PreparedRequest prepared, String clientKey) throws Exception {
        Opened opened = get(answers.create(prepared, "key", clientKey, settlement("asked")));
        return ((Opened.Answer) opened).handle().answer();
    }

    KeptAnswer open(KeptAnswer elsewhere) throws Exception {
        return get(answers.open(elsewhere.key().tenant(), elsewhere.key().id()))
                .orElseThrow()
                .answer();
    }

    void tick() {
        answers.tick();
    }

    /** Time passes here, and not in Redis. */
    void passes(Duration time) {
        ahead = ahead.plus(time);
    }

    /** Nothing of it is sent from here on, as when its process is stopped. */
    CountDownLatch freeze() {
        CountDownLatch until = new CountDownLatch(1);
        thread.execute(() -> {
            try {
                until.await(LONG.toSeconds(), TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        return until;
    }

    boolean owns(KeptAnswer answer) {
        OwnedAnswer owned = answer.owned();
        return owned != null;
    }

    /** Whether it reads the answer, which another gateway runs, from the store. */
    boolean follows(KeptAnswer answer) {
        return followers.follows(answer);
    }

    static <T> T get(CompletionStage<T> answer) throws Exception {
        return answer.toCompletableFuture().get(LONG.toSeconds(), TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
