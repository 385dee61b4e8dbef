package dev.baton.gateway.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.baton.gateway.error.ApiException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/** Who is prepared when. */
class PreparationPoolTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final CountDownLatch gate = new CountDownLatch(1);
    private final List<String> done = new CopyOnWriteArrayList<>();

    private Mono<String> held(PreparationPool pool, String tenant, CountDownLatch started) {
        return pool.run(tenant, false, () -> {
            started.countDown();
            assertThat(gate.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
            return tenant;
        });
    }

    private Mono<String> quick(PreparationPool pool, String tenant, String name) {
        return pool.run(tenant, false, () -> {
            done.add(name);
            return name;
        });
    }

    @Test
    void aTenantNeverHasAllThreads() throws Exception {
        try (PreparationPool pool = new PreparationPool(2, 8)) {
            CountDownLatch first = new CountDownLatch(1);
            CountDownLatch second = new CountDownLatch(1);
            held(pool, "greedy", first).subscribe();
            held(pool, "greedy", second).subscribe();
            assertThat(first.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(quick(pool, "modest", "m").block(LIMIT)).isEqualTo("m");
            assertThat(second.getCount()).as("the second still waits").isEqualTo(1);
            gate.countDown();
            assertThat(second.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void tenantsTakeTurns() throws Exception {
        try (PreparationPool pool = new PreparationPool(1, 16)) {
            CountDownLatch started = new CountDownLatch(1);
            held(pool, "first", started).subscribe();
            assertThat(started.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
            for (int i = 0; i < 4; i++) {
                quick(pool, "a", "a" + i).subscribe();
            }
            quick(pool, "b", "b0").subscribe();
            quick(pool, "c", "c0").subscribe();
            gate.countDown();
            await().atMost(LIMIT).until(() -> done.size() == 6);
            assertThat(done).containsExactly("a0", "b0", "c0", "a1", "a2", "a3");
        }
    }

    @Test
    void aTenantFillsHalfOfTheQueueAtMost() throws Exception {
        try (PreparationPool pool = new PreparationPool(1, 4)) {
            CountDownLatch started = new CountDownLatch(1);
            held(pool, "greedy", started).subscribe();
            assertThat(started.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
            quick(pool, "greedy", "g0").subscribe();
            quick(pool, "greedy", "g1").subscribe();
            assertThatThrownBy(() -> quick(pool, "greedy", "g2").block(LIMIT)).isInstanceOf(ApiException.class);
            Mono<String> other = quick(pool, "modest", "m");
            Disposable waiting = other.subscribe();
            gate.countDown();
            await().atMost(LIMIT).until(() -> done.containsAll(List.of("g0", "g1", "m")));
            waiting.dispose();
        }
    }

    @Test
    void whoLeavesIsInterruptedOrNeverBegun() throws Exception {
        try (PreparationPool pool = new PreparationPool(1, 4)) {
            CountDownLatch started = new CountDownLatch(1);
            AtomicBoolean interrupted = new AtomicBoolean();
            Disposable running = pool.run("t", false, () -> {
                        started.countDown();
                        try {
                            gate.await();
                        } catch (InterruptedException e) {
                            interrupted.set(true);
                        }
                        return 1;
                    })
                    .subscribe();
            assertThat(started.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
            quick(pool, "t", "never").subscribe().dispose();
            running.dispose();
            await().atMost(LIMIT).untilTrue(interrupted);
            assertThat(quick(pool, "t", "next").block(LIMIT)).isEqualTo("next");
            assertThat(done).containsExactly("next");
        }
    }

    @Test
    void aShortBodyIsReadAtOnce() {
        try (PreparationPool pool = new PreparationPool(1, 1)) {
            Thread[] on = new Thread[1];
            pool.run("t", PreparationPool.isShort(100), () -> on[0] = Thread.currentThread())
                    .block(LIMIT);
            assertThat(on[0]).isSameAs(Thread.currentThread());
        }
    }
}
