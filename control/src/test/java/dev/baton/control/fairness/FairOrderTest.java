package dev.baton.control.fairness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FairOrderTest {
    private final FairShare shares = new FairShare();
    private final FairOrder<Job> order = new FairOrder<>(shares);

    private record Job(String tenant, int weight, int priority, long work, int number) implements FairOrder.Entry {}

    @Test
    void turnsAreSharedByWeight() {
        for (int i = 0; i < 40; i++) {
            order.add(new Job("three", 3, 0, 10, i));
            order.add(new Job("one", 1, 0, 10, i));
        }
        List<String> turns = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            turns.add(turn().tenant());
        }
        assertThat(turns.stream().filter("three"::equals)).hasSize(30);
        // At no moment is one ahead by more than one turn.
        for (int i = 4; i < 40; i++) {
            long of = turns.subList(0, i).stream().filter("three"::equals).count();
            assertThat(of).isBetween(i * 3L / 4 - 1, i * 3L / 4 + 1);
        }
    }

    @Test
    void withinATenantPriorityThenArrival() {
        order.add(new Job("a", 1, 0, 1, 1));
        order.add(new Job("a", 1, 10, 1, 2));
        order.add(new Job("a", 1, 0, 1, 3));
        assertThat(List.of(turn().number(), turn().number(), turn().number())).containsExactly(2, 1, 3);
    }

    @Test
    void urgencyTakesNothingFromAnotherTenant() {
        for (int i = 0; i < 4; i++) {
            order.add(new Job("loud", 1, 10, 1, i));
        }
        order.add(new Job("quiet", 1, 0, 1, 0));
        turn();
        assertThat(turn().tenant()).isEqualTo("quiet");
    }

    @Test
    void workForLaterWaitsUntilNoTenantHasAnythingElse() {
        order.add(new Job("batch", 1, -10, 1, 0));
        for (int i = 0; i < 3; i++) {
            order.add(new Job("chat", 1, 0, 100, i));
        }
        assertThat(List.of(turn(), turn(), turn())).allMatch(job -> job.tenant().equals("chat"));
        assertThat(turn().tenant()).isEqualTo("batch");
    }

    @Test
    void whatIsTakenAndBegunElsewhereIsChargedThere() {
        Job job = new Job("a", 1, 0, 100, 1);
        order.add(job);
        order.take(job);
        assertThat(shares.of("a")).isPositive();
        order.begun(job);
        assertThat(shares.of("a")).isZero();
    }

    @Test
    void whoComesBackHasSavedNothingUp() {
        for (int i = 0; i < 100; i++) {
            order.add(new Job("busy", 1, 0, 10, i));
        }
        for (int i = 0; i < 50; i++) {
            turn();
        }
        for (int i = 0; i < 20; i++) {
            order.add(new Job("late", 1, 0, 10, i));
        }
        List<String> turns = List.of(turn().tenant(), turn().tenant(), turn().tenant(), turn().tenant());
        assertThat(turns).contains("busy", "late");
    }

    @Test
    void whoLeavesWaitsNoMore() {
        Job job = new Job("a", 1, 0, 1, 0);
        order.add(job);
        order.remove(job);
        order.remove(job);
        assertThat(order.size()).isZero();
        assertThat(order.next(any -> true)).isEmpty();
    }

    @Test
    void tenantsThatCameOnceAreForgotten() {
        for (int i = 0; i < 100_000; i++) {
            shares.waits("tenant" + i);
            shares.serve("tenant" + i, 1, 1);
            shares.waitsNoMore("tenant" + i);
        }
        assertThat(shares.tenants()).isLessThan(5_000);
        assertThat(shares.of("tenant99999"))
                .as("what each had found, and its own")
                .isEqualTo(100_000_000L);
    }

    @Test
    void weightsAreBounded() {
        assertThatThrownBy(() -> shares.charge("a", 0, 1)).hasMessageContaining("weight is 0");
        assertThatThrownBy(() -> shares.charge("a", 101, 1)).hasMessageContaining("1 to 100");
    }

    private Job turn() {
        Job job = order.next(any -> true).orElseThrow();
        order.take(job);
        shares.waitsNoMore(job.tenant());
        return job;
    }
}
