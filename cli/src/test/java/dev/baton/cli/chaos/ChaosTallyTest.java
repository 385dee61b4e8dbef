package dev.baton.cli.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class ChaosTallyTest {
    @Test
    void partsAddUpToWhatOneRunWouldHaveSaid() {
        ChaosTally sum = new ChaosTally();
        sum.addAll(part(1, 10, 20).json());
        sum.addAll(part(2, 30, 4000).json());

        ChaosTally whole = new ChaosTally();
        fill(whole, 1, 10, 20);
        fill(whole, 2, 30, 4000);
        assertThat(sum.text())
                .isEqualTo(whole.text())
                .contains(
                        "Seed 1, 2: 6 faults, 2 steps of two at once, 4 answers, 2 of them moved",
                        "2 lost",
                        " 4 were resumable, and 2 of these went on")
                .contains("2 kill-decode, 4 slow-redis", "Not available here: step-clock, which wants a library");
        assertThat(sum.text().lines().filter(line -> line.startsWith("| kill-decode")))
                .singleElement()
                .asString()
                .as("three digits")
                .contains("4002");
        assertThat(sum.json()).isEqualTo(whole.json());
    }

    @Test
    void refusesWhatIsNoReport() {
        assertThatThrownBy(() -> new ChaosTally().addAll("nothing")).hasMessageContaining("no JSON");
        assertThatThrownBy(() -> new ChaosTally().addAll("{\"seeds\":[1]}"))
                .hasMessageContaining("not the report of a run of chaos");
        assertThatThrownBy(() -> new ChaosTally()
                        .addAll(part(1, 1, 1).json().replaceFirst("\"histogram\" : \"[^\"]*\"", "\"histogram\" : 1")))
                .hasMessageContaining("no samples");
    }

    private static ChaosTally part(long seed, long moved, long bystander) {
        ChaosTally tally = new ChaosTally();
        fill(tally, seed, moved, bystander);
        return tally;
    }

    private static void fill(ChaosTally tally, long seed, long moved, long bystander) {
        tally.seed(seed);
        tally.answer(Answer.Verdict.SAME, true, 3);
        tally.answer(Answer.Verdict.LOST, false, 0);
        tally.resumable(true);
        tally.resumable(false);
        tally.recoveries(List.of(JsonMapper.shared().readTree("""
                {"rung":"pool","tokens":100,"recomputed":1,"claimed_millis":2,"first_token_millis":5}""")));
        tally.strike("two at once", List.of("slow-redis", "kill-decode"));
        ChaosTally.Waits waits = tally.strike("kill-decode", List.of("slow-redis"));
        waits.add(true, TimeUnit.MILLISECONDS.toNanos(moved), 0);
        waits.add(false, TimeUnit.MILLISECONDS.toNanos(bystander), 0);
        tally.missing("step-clock", "wants a library");
    }
}
