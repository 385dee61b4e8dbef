package dev.baton.gateway.answer;

import dev.baton.gateway.dispatch.TtftBreakdown;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Where the time to the first token went, as a JSON object of whole microseconds; parts not known are left out. */
final class TimingJson {
    private final StringBuilder out = new StringBuilder("{");

    private TimingJson() {}

    static String of(TtftBreakdown timing) {
        TimingJson json = new TimingJson();
        json.part("admission", timing.admission());
        json.part("kafka", timing.kafka());
        json.part("queue", timing.queue());
        json.part("prefill", timing.prefill());
        json.part("first_token", timing.firstToken());
        json.part("handoff", timing.handoff());
        json.part("transfer", timing.transfer());
        json.part("exposed_transfer", timing.exposedTransfer());
        json.part("total", timing.total());
        json.field("attempts", timing.attempts());
        return json.out.append('}').toString();
    }

    private void part(String name, @Nullable Duration duration) {
        if (duration != null) {
            field(name, duration.toNanos() / 1000);
        }
    }

    private void field(String name, long value) {
        out.append(out.length() > 1 ? "," : "")
                .append('"')
                .append(name)
                .append("\":")
                .append(value);
    }
}
