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
        assertThat(turns.displacedBy(new Job("many", 1, 0, 0)).map(Job::tenant)).hasValue("batch");
        assertThat(turns.displacedBy(new Job("many", 1, 0, 0))).isEmpty();
        assertThat(turns.displacedBy(new Job("few", 1, 0, 0)).map(Job::tenant)).hasValue("many");
        assertThat(turns.waiting()).isEqualTo(8);
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
