package dev.baton.cli.operate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the operator's commands print. */
class ScreenTest {
    private static final String REQUEST = """
        {"request":"5234c9d6113e468c979201fc0f695714","tenant":"a-tenant-with-a-long-name","model":"demo",
         "state":"decoding","millis":154000,"promptTokens":87,"cachedTokens":64,"tokens":40,
         "attempts":[{"number":1,"fromMillis":3,"untilMillis":90,"prefill":"prefill-0","decode":"decode-0",
           "accepted":0,"expectedCached":0,"lost":"decode-0 is dead: its port refuses connections\\u001b[2J","fault":"worker"},
          {"number":2,"fromMillis":95,"untilMillis":null,"prefill":null,"decode":"decode-1","accepted":7,
           "expectedCached":0,"lost":null,"fault":null}],
         "recoveries":[{"attempt":2,"phase":"decoding","rung":"pool","tokens":94,"recomputed":1,"detectedMillis":2,
           "claimedMillis":14,"restoredMillis":18,"firstTokenMillis":null}],
         "ttft":{"totalMicros":100000,"parts":[
           {"part":"edge","micros":10000,"measured":"gateway"},{"part":"prefill","micros":90000,"measured":"worker"}],
           "afterwards":[{"part":"handoff","micros":700,"measured":"both"}]}}
        """;

    @Test
    void aRequestShowsItsAttemptsAndItsWaterfall() {
        List<String> lines = RequestLines.waterfall(json(REQUEST));
        assertThat(lines)
                .contains(
                        "attempt 1  3.0 ms to 90.0 ms on prefill-0>decode-0",
                        "attempt 2  95.0 ms to now on decode-1, goes on from token 7",
                        "recovery   attempt 2 by pool: 1 of 94 tokens computed again",
                        "           detected 2.0 ms, claimed 14.0 ms, restored 18.0 ms, token -",
                        "time to first token  100.0 ms",
                        "  edge                10.0 ms  gateway  ###",
                        "  prefill             90.0 ms  worker      " + "#".repeat(27));
        assertThat(lines).allMatch(line -> line.length() <= Columns.WIDTH);
        assertThat(String.join("", lines)).doesNotContain("\u001b");
    }

    @Test
    void theScreenFitsEightyColumnsWhateverIsShown() {
        JsonNode workers = json("""
            {"workers":[{"worker":"decode-with-a-name-of-more-than-eighteen","role":"decode","state":"draining",
              "running":12345,"queued":1234567,"tokensPerSecond":12345.67,"blocks":2048,"freeBlocks":1024,"roundTripMs":0.4},
             {"worker":"prefill-0","role":"prefill","state":"silent","running":0,"queued":0,"tokensPerSecond":null,
              "blocks":0,"freeBlocks":0,"roundTripMs":null}]}
            """);
        JsonNode kv = json("{\"hits\":{\"believed\":null,\"real\":0.3678}}");
        TopScreen screen = new TopScreen(
                "http://127.0.0.1:18180", workers, kv, json("{\"running\":[" + REQUEST + "],\"recent\":[]}"));
        List<String> lines = screen.lines(100);
        assertThat(lines).allMatch(line -> line.length() <= Columns.WIDTH);
        assertThat(lines.get(1)).contains("requests 1", "36.8 %", "(believed -)");
        assertThat(lines).anyMatch(line -> line.contains("draining") && line.contains("50 %"));
        assertThat(screen.lines(5)).hasSize(5).last().asString().contains("more lines");
    }

    @Test
    void quotasShowWhatIsLeftOfWhatAndForHowLongALimitIsChanged() {
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text);
        QuotasCommand.print(List.of(json("""
            {"tenant":"a-tenant-with-a-long-name\\u001b[2J","limits":{"requestsPerMinute":60,"tokensPerMinute":0,"concurrent":4},
             "override":{"requestsPerMinute":60,"secondsLeft":3412},"requestsLeft":12,"tokensLeft":null,"runningNow":3,
             "keys":[{"key":"ci","limits":{"requestsPerMinute":1000000000,"tokensPerMinute":1000000000,"concurrent":0},
               "requestsLeft":1000000000,"tokensLeft":999999999,"runningNow":1}]}
            """)), out);
        out.flush();
        List<String> lines = text.toString().lines().toList();
        assertThat(lines.get(1)).contains("12 of 60", " - ", "3 of 4", "for 56 min");
        assertThat(lines.get(2)).contains("key ci");
        assertThat(lines).hasSize(3).allMatch(line -> line.length() <= Columns.WIDTH);
        assertThat(text.toString()).doesNotContain("\u001b");
    }

    @Test
    void aShareOfALimitIsCalledOne() {
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text);
        QuotasCommand.share(json("true"), out);
        assertThat(text.toString()).isEmpty();
        QuotasCommand.share(json("false"), out);
        out.flush();
        assertThat(text.toString()).contains("Redis is away", "shares of this gateway");
        assertThat(text.toString().strip().length()).isLessThanOrEqualTo(Columns.WIDTH);
    }

    @ParameterizedTest
    @ValueSource(strings = {"acme --lasting 2h", "acme --reset --lasting 2h"})
    void aTimeWithoutAChangeIsRefusedBeforeAnythingIsAsked(String arguments) {
        StringWriter said = new StringWriter();
        CommandLine line = new CommandLine(new QuotasCommand());
        line.setExecutionExceptionHandler((exception, command, parsed) -> {
            said.append(exception.getMessage());
            return 1;
        });
        assertThat(line.execute(arguments.split(" "))).isEqualTo(1);
        assertThat(said.toString()).startsWith("--lasting says how long");
    }

    @Test
    void spansAreForPeople() {
        assertThat(List.of(Columns.micros(950), Columns.micros(12_340), Columns.micros(4_050_000)))
                .containsExactly("950 µs", "12.3 ms", "4.05 s");
        assertThat(Columns.micros(720_000_000)).isEqualTo("12 min");
        assertThat(RequestLines.bar(0, 1, 1_000)).isEqualTo("|");
    }

    private static JsonNode json(String text) {
        return JsonMapper.shared().readTree(text);
    }
}
