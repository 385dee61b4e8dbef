package dev.baton.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.cli.doctor.Finding.State;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class StackCheckTest {
    @ParameterizedTest
    @CsvSource({
        "ready, 0.2, 1.0, FINE",
        "ready, 700, 10, MISSING",
        "ready, -700, 10, MISSING",
        "ready, 700, 600, FINE",
        "draining, 0, 1, NOTE",
        "silent, 0, 1, MISSING"
    })
    void aWorkerAnswersAndItsClockIsRight(String state, double ahead, double roundTrip, State found) {
        JsonNode workers = json("{'workers':[{'worker':'decode-0','role':'decode','state':'" + state
                + "','lane':0,'clockAheadMs':" + ahead + ",'roundTripMs':" + roundTrip + "}]}");
        assertThat(StackCheck.workers(workers)).extracting(Finding::state).containsExactly(found);
    }

    @Test
    void noWorkerIsAFinding() {
        assertThat(StackCheck.workers(json("{'workers':[]}")))
                .extracting(Finding::state)
                .containsExactly(State.MISSING);
    }

    @Test
    void twoReadersOfALaneAreNamed() {
        String workers = "{'workers':[{'worker':'decode-0','role':'decode','lane':1},"
                + "{'worker':'prefill-0','role':'prefill','lane':1}%s]}";
        assertThat(StackCheck.lanes(json(workers.formatted(""))))
                .extracting(Finding::state)
                .containsExactly(State.FINE);
        assertThat(StackCheck.lanes(json(workers.formatted(",{'worker':'decode-1','role':'decode','lane':1}")))
                        .getFirst()
                        .detail())
                .contains("decode-0 and decode-1");
    }

    @Test
    void workersOfOneNameHaveOneFingerprint() {
        assertThat(StackCheck.fingerprints(json("{'models':[{'model':'m','fingerprints':{'aa':['decode-0']}}]}")))
                .extracting(Finding::state)
                .containsExactly(State.FINE);
        assertThat(StackCheck.fingerprints(
                        json("{'models':[{'model':'m','fingerprints':{'aa':['decode-0'],'bb':['decode-1']}}]}")))
                .extracting(Finding::state)
                .containsExactly(State.MISSING);
    }

    @Test
    void aGatewayThatIsWrongAboutCachesIsNamed() {
        assertThat(StackCheck.hits(json("{'hits':{'believed':null,'real':null}}"))
                        .state())
                .isEqualTo(State.NOTE);
        assertThat(StackCheck.hits(json("{'hits':{'believed':0.5,'real':0.45}}"))
                        .state())
                .isEqualTo(State.FINE);
        assertThat(StackCheck.hits(json("{'hits':{'requests':20,'believed':0.9,'real':0.1}}"))
                        .state())
                .isEqualTo(State.MISSING);
        assertThat(StackCheck.hits(json("{'hits':{'requests':3,'believed':0.9,'real':0.1}}"))
                        .state())
                .isEqualTo(State.NOTE);
    }

    @Test
    void suspicionsAreCounted() {
        String text = "baton_stream_suspicions_total{cluster=\"baton\"} 3.0\nbaton_stream_deaths_total 1.0\n";
        assertThat(StackCheck.suspicions(text).detail()).startsWith("3 suspicions, 1 deaths");
        assertThat(StackCheck.suspicions("").state()).isEqualTo(State.FINE);
    }

    private static JsonNode json(String text) {
        return JsonMapper.shared().readTree(text.replace('\'', '"'));
    }
}
