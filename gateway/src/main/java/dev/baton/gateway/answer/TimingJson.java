package dev.baton.gateway.answer;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.baton.gateway.dispatch.Recovery;
import dev.baton.gateway.dispatch.TtftBreakdown;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the time to the first token went, in whole microseconds; parts not known are left out.
 *
 * @param recoveries how the request went on after workers were lost; left out when none was
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record TimingJson(
        @Nullable Long admission,
        @Nullable Long kafka,
        @Nullable Long queue,
        @Nullable Long prefill,
        @Nullable Long firstToken,
        @Nullable Long handoff,
        @Nullable Long transfer,
        @Nullable Long exposedTransfer,
        @Nullable Long total,
        int attempts,
        @Nullable List<Recovery> recoveries) {
    static TimingJson of(TtftBreakdown timing) {
        return new TimingJson(
                micros(timing.admission()),
                micros(timing.kafka()),
                micros(timing.queue()),
                micros(timing.prefill()),
                micros(timing.firstToken()),
                micros(timing.handoff()),
                micros(timing.transfer()),
                micros(timing.exposedTransfer()),
                micros(timing.total()),
                timing.attempts(),
                timing.recoveries().isEmpty() ? null : timing.recoveries());
    }

    private static @Nullable Long micros(@Nullable Duration duration) {
        return duration == null ? null : (Long) (duration.toNanos() / 1000);
    }
}
