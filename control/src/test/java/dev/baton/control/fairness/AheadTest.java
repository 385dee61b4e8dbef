package dev.baton.control.fairness;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.control.admission.Ahead;
import dev.baton.control.admission.Booked;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AheadTest {
    private int credit;
    private final Turns<Job> turns = new Turns<>(model -> credit);

    private record Job(String tenant, int weight, int priority, int number) implements Turns.Turn {
        @Override
        public String model() {
            return "m";
        }

        @Override
        public int tokens() {
            return 100;
        }
    }

    @Test
    void ofOneTenantAllThatWait() {
        add("a", 1, 0, 3);
        assertThat(ahead("a", 1, 0)).isEqualTo(new Ahead(3, 300, 1));
        assertThat(ahead("a", 1, 10)).as("of priority").isEqualTo(new Ahead(0, 0, 1));
    }

    @Test
    void ofOthersNoMoreThanTheirWeightAllowsMeanwhile() {
        add("many", 1, 0, 50);
        add("few", 2, 0, 2);
        assertThat(ahead("new", 1, 0)).isEqualTo(new Ahead(3, 300, 2));
        assertThat(ahead("heavy", 4, 0).requests()).isEqualTo(0.25 + 0.5);
    }

    @Test
    void tenantsWithPlacesThatAreKeptTakeTurnsToo() {
        add("a", 1, 0, 3);
        assertThat(turns.ahead(new Job("a", 1, 0, 0), Map.of("b", new Booked(9, 2), "a", new Booked(5, 1))))
                .isEqualTo(new Ahead(3, 300, 3));
    }

    @Test
    void workForLaterGoesAfterAllElseAndLeavesRoomForIt() {
        credit = 8;
        assertThat(add("batch", 1, -10, 10)).as("a quarter of the credit").hasSize(2);
        assertThat(add("chat", 1, 0, 3)).hasSize(3);
        assertThat(ahead("other batch", 1, -10).requests()).isEqualTo(1);
        credit = 0;
        add("chat", 1, 0, 4);
        assertThat(ahead("chat", 1, 0).requests()).isEqualTo(4);
        assertThat(ahead("batch", 1, -10).requests()).isEqualTo(4 + 8);
    }

    @Test
    void whereAllPlacesAreTakenWorkForLaterGivesUpTheFirst() {
        add("batch", 1, -10, 1);
        add("many", 1, 0, 9);
        assertThat(turns.displacedBy(new Job("many", 1, 0, 0), 1, 1))
                .extracting(Job::tenant)
                .containsExactly("batch");
        assertThat(turns.displacedBy(new Job("many", 1, 0, 0), 1, 1)).isEmpty();
        assertThat(turns.displacedBy(new Job("few", 1, 0, 0), 1, 1))
                .extracting(Job::tenant)
                .containsExactly("many");
        assertThat(turns.waiting()).isEqualTo(8);
    }

    @Test
    void roomForSeveralIsMadeWholeOrNotAtAll() {
        add("many", 1, 0, 6);
        assertThat(turns.displacedBy(new Job("few", 1, 0, 0), 4, 4))
                .as("the third would be one too much")
                .isEmpty();
        assertThat(turns.waiting()).isEqualTo(6);
        assertThat(turns.displacedBy(new Job("few", 1, 0, 0), 2, 4))
                .extracting(Job::number)
                .containsExactly(5, 4);
        assertThat(turns.displacedBy(new Job("few", 1, 0, 0), 1, 4)).isEmpty();
        add("batch", 1, -10, 2);
        assertThat(turns.displacedBy(new Job("few", 1, 0, 0), 2, 4))
                .extracting(Job::tenant)
                .containsExactly("batch", "batch");
    }

    @Test
    void whoIsHeldCountsAsWaitingAndHasNoTurn() {
        Held held = new Held();
        Turns<Held> some = new Turns<>(model -> 5);
        assertThat(some.add(held)).isEmpty();
        assertThat(some.waiting()).isEqualTo(1);
        assertThat(some.ahead(new Held(), Map.of()).requests()).isEqualTo(1);
        Held free = new Held();
        free.held = false;
        assertThat(some.add(free)).containsExactly(free);
        assertThat(some.displacedBy(new Held(), 1, 0)).as("it stays").isEmpty();
        held.held = false;
        assertThat(some.look()).containsExactly(held);
        assertThat(some.withdraw(held)).isFalse();
    }

    /** A choice that waits for another's prompt. */
    private static final class Held implements Turns.Turn {
        private boolean held = true;

        @Override
        public String model() {
            return "m";
        }

        @Override
        public String tenant() {
            return "t";
        }

        @Override
        public int weight() {
            return 1;
        }

        @Override
        public int priority() {
            return 0;
        }

        @Override
        public int tokens() {
            return 1;
        }

        @Override
        public boolean held() {
            return held;
        }

        @Override
        public boolean stays() {
            return true;
        }
    }

    private List<Job> add(String tenant, int weight, int priority, int count) {
        List<Job> begun = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            begun.addAll(turns.add(new Job(tenant, weight, priority, i)));
        }
        return begun;
    }

    private Ahead ahead(String tenant, int weight, int priority) {
        return turns.ahead(new Job(tenant, weight, priority, 0), Map.of());
    }
}
