package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.gateway.RawHttp.Exchange;
import dev.baton.gateway.RawHttp.Response;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Structure;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Requests whose structures take long to compile, at an edge with one thread for them and room for one to wait. */
class CompiledRequestsTest {
    private static final String CHAT =
            "{\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"max_tokens\":1%s}";

    private static EdgeServer server;

    @BeforeAll
    static void start() {
        server = EdgeServer.start(
                "--edge.context=65536", "--baton.http.prepare-threads=1", "--baton.http.prepare-queue=1");
        server.dispatcher().plays(call -> {
            call.admits();
            call.finishes(Finish.Reason.LENGTH);
        });
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void noEventLoopCompilesHoweverShortTheBody() throws IOException {
        List<Exchange> sent = new ArrayList<>();
        List<Response> answers = new ArrayList<>();
        try {
            for (int i = 0; i < 12; i++) {
                String field = i % 2 == 0 ? "guided_regex" : "guid\\u0065d_regex";
                String body = CHAT.formatted(",\"" + field + "\":\"x{" + i + "}(a|b)*a(a|b){20}\"");
                sent.add(server.http().open("POST", "/v1/chat/completions", body));
            }
            for (Exchange exchange : sent) {
                answers.add(exchange.response());
            }
        } finally {
            for (Exchange exchange : sent) {
                exchange.close();
            }
        }
        assertThat(answers).extracting(Response::status).containsOnly(400, 429);
        assertThat(answers)
                .filteredOn(answer -> answer.status() == 429)
                .allSatisfy(answer -> assertThat(answer.body()).contains("schemas"));
    }

    @Test
    void toolsBeyondWhatARequestMayCostTakeAnyObject() throws Exception {
        String tools = IntStream.range(0, 100)
                .mapToObj(i -> "{\"type\":\"function\",\"function\":{\"name\":\"f" + i
                        + "\",\"parameters\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"pattern\":\"^x{"
                        + i + "}(a|b)*a(a|b){13}$\"}}}}}")
                .collect(Collectors.joining(","));
        Response answer = server.http()
                .post(
                        "/v1/chat/completions",
                        CHAT.formatted(",\"tool_choice\":\"required\",\"tools\":[" + tools + "]"));
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        Structure structure =
                Objects.requireNonNull(server.dispatcher().next().submission.structure());
        List<Structure> calls = structure.getRepeated().getOf().getAnyOf().getOfList();
        assertThat(calls).hasSize(100);
        assertThat(calls.getFirst().getSequence().getOf(1).hasJsonSchema()).isTrue();
        assertThat(calls.getLast().getSequence().getOf(1).getJsonObject()).isTrue();
    }
}
