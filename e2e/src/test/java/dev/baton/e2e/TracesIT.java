package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.e2e.GatewayCalls.Answer;
import dev.baton.e2e.OtlpReceiver.Received;
import dev.baton.stack.testing.WithStack;
import io.opentelemetry.proto.trace.v1.Span.SpanKind;
import java.net.http.HttpResponse;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** What a collector sees of requests that pass a gateway and two workers, and of one whose worker is killed. */
@WithStack
@Order(20)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class TracesIT {
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String CLIENT_SPAN = "b7ad6b7169203331";
    private static final int KILL_AFTER = 60;
    private static final int TRIES = 10;
    /** Of a request that is split. */
    private static final Set<String> NAMES =
            Set.of("POST /v1/chat/completions", "attempt", "queue", "prefill", "kv transfer", "kv send", "decode");

    private static OtlpReceiver collector;
    private static RunningBaton baton;

    @BeforeAll
    static void start() throws Exception {
        collector = OtlpReceiver.start();
        baton = RunningBaton.beside(
                Setup.F32_SPLIT,
                "traces",
                List.of("--management.opentelemetry.tracing.export.otlp.endpoint=" + collector.endpoint()));
    }

    @AfterAll
    static void stop() {
        try {
            baton.close();
        } finally {
            collector.close();
        }
    }

    private static List<Received> named(List<Received> spans, String name) {
        return spans.stream().filter(span -> span.name().equals(name)).toList();
    }

    private static Received only(List<Received> spans, String name) {
        List<Received> found = named(spans, name);
        assertThat(found).as("%s in %s", name, spans).hasSize(1);
        return found.getFirst();
    }

    /** Until one attempt was enough: where a worker is silent for a moment, as on a busy machine, another stands beside it. */
    private static HttpResponse<String> undisturbed() {
        for (int last = 0; last < TRIES; last++) {
            String trace = TRACE.substring(1) + last;
            HttpResponse<String> answer = baton.calls()
                    .post(
                            GatewayCalls.CHAT,
                            GatewayCalls.chat("Tell me a story about a fox")
                                    .put("max_tokens", 24)
                                    .toString(),
                            "00-" + trace + "-" + CLIENT_SPAN + "-01");
            assertThat(answer.statusCode()).isEqualTo(200);
            List<Received> spans = collector.await(
                    trace,
                    some -> named(some, "attempt").size() > 1
                            || some.stream()
                                    .map(Received::name)
                                    .collect(Collectors.toSet())
                                    .containsAll(NAMES));
            if (named(spans, "attempt").size() == 1) {
                return answer;
            }
        }
        throw new AssertionError("no request of " + TRIES + " took one attempt alone");
    }

    @Test
    @Order(1)
    void oneRequestIsOneTreeInWhichDecodeStandsBesidePrefill() {
        HttpResponse<String> answer = undisturbed();
        String trace =
                answer.headers().firstValue("traceresponse").orElseThrow().substring(3, 35);
        List<Received> spans = collector.of(trace);
        Received request = only(spans, "POST /v1/chat/completions");
        Received attempt = only(spans, "attempt");
        Received prefill = only(spans, "prefill");
        Received decode = only(spans, "decode");
        Received transfer = only(spans, "kv transfer");
        Received send = only(spans, "kv send");
        assertThat(request.parent()).isEqualTo(CLIENT_SPAN);
        assertThat(attempt.parent()).isEqualTo(request.id());
        assertThat(List.of(prefill.parent(), decode.parent(), transfer.parent()))
                .as("siblings")
                .containsOnly(attempt.id());
        assertThat(send.parent()).isEqualTo(transfer.id());
        assertThat(named(spans, "queue"))
                .hasSize(2)
                .allSatisfy(queue -> assertThat(queue.parent()).isEqualTo(attempt.id()));
        assertThat(spans.stream().map(Received::parent))
                .as("no span without a parent in the tree")
                .allMatch(spans.stream()
                        .map(Received::id)
                        .collect(Collectors.toCollection(() -> new HashSet<>(Set.of(CLIENT_SPAN))))::contains);

        assertThat(request.service()).isEqualTo("baton-gateway");
        assertThat(request.kind()).isEqualTo(SpanKind.SPAN_KIND_SERVER);
        assertThat(List.of(prefill.service(), send.service())).containsOnly("prefill-worker");
        assertThat(List.of(decode.service(), transfer.service())).containsOnly("decode-worker");
        assertThat(decode.from())
                .as("one machine, one clock: decode begins when prefill is over")
                .isGreaterThanOrEqualTo(prefill.from());
        assertThat(decode.until()).isGreaterThan(prefill.until());
        assertThat(spans).allSatisfy(span -> {
            assertThat(span.failed()).as("%s", span).isFalse();
            assertThat(span.until()).as("%s", span).isGreaterThanOrEqualTo(span.from());
        });

        assertThat(request.attributes())
                .containsEntry("gen_ai.operation.name", "chat")
                .containsEntry("gen_ai.provider.name", "baton")
                .containsEntry("gen_ai.request.model", "demo")
                .containsEntry("gen_ai.response.finish_reasons", "length")
                .containsEntry("gen_ai.usage.output_tokens", "24")
                .containsEntry("baton.attempts", "1");
        assertThat(Integer.parseInt(request.attributes().get("gen_ai.usage.input_tokens")))
                .isEqualTo(Integer.parseInt(prefill.attributes().get("baton.tokens")));
        assertThat(attempt.attributes())
                .containsEntry("baton.prefill.worker", "prefill-0")
                .containsEntry("baton.outcome", "length");
        assertThat(Long.parseLong(send.attributes().get("baton.kv.bytes"))).isPositive();
        assertThat(answer.headers().firstValue("traceresponse")).contains("00-" + trace + "-" + request.id() + "-01");
    }

    @Test
    @Order(2)
    void redisAndManagementLeaveNoTracesOfTheirOwn() {
        assertThat(collector.all().stream().map(Received::name).filter(name -> !name.equals("kv restore")))
                .hasSizeGreaterThanOrEqualTo(NAMES.size())
                .allMatch(NAMES::contains);
    }

    @Test
    @Order(3)
    void aKilledWorkerShowsAsAFailedAttemptAndASecondOneOfTheSameTrace() {
        Set<String> before = collector.all().stream().map(Received::trace).collect(Collectors.toSet());
        AtomicReference<String> victim = new AtomicReference<>("");
        Answer answer = baton.calls().stream(GatewayCalls.CHAT, GatewayCalls.chat("Tell me a long story"), pieces -> {
            if (pieces == KILL_AFTER) {
                assertThat(baton.decoding()).hasSize(1);
                victim.set(baton.decoding().getFirst());
                baton.kill(victim.get());
            }
        });
        assertThat(baton.lives(victim.get()))
                .as("fault not applied: %s lives", victim)
                .isFalse();
        assertThat(answer.attempts())
                .as("fault not applied: one attempt was enough")
                .isGreaterThan(1);
        String trace = collector.awaitAnother(before);
        List<Received> spans = collector.await(
                trace,
                some -> named(some, "attempt").size() == answer.attempts()
                        && !named(some, "POST /v1/chat/completions").isEmpty()
                        && !named(some, "decode").isEmpty());
        Received request = only(spans, "POST /v1/chat/completions");
        List<Received> attempts = named(spans, "attempt").stream()
                .sorted((a, b) -> Long.compare(a.from(), b.from()))
                .toList();
        assertThat(attempts).allSatisfy(attempt -> assertThat(attempt.parent()).isEqualTo(request.id()));
        Received first = attempts.stream()
                .filter(attempt -> attempt.failed()
                        && victim.get().equals(attempt.attributes().get("baton.decode.worker")))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no failed attempt at " + victim + ": " + attempts));
        Received last = attempts.getLast();
        assertThat(last.failed()).as("%s", last).isFalse();
        assertThat(last.attributes())
                .containsEntry("baton.attempt", Integer.toString(answer.attempts()))
                .containsEntry("baton.recovery.rung", "pool");
        assertThat(last.attributes().get("baton.decode.worker")).isNotEqualTo(victim.get());
        assertThat(named(spans, "decode"))
                .as("the dead worker's spans died with it")
                .noneMatch(span -> span.parent().equals(first.id()))
                .anyMatch(span -> span.parent().equals(last.id()));
        assertThat(request.failed()).isFalse();
        assertThat(request.attributes())
                .containsEntry("baton.attempts", Integer.toString(answer.attempts()))
                .containsKey("baton.recoveries");
    }
}
