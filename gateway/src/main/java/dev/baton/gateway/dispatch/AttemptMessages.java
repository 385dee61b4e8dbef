package dev.baton.gateway.dispatch;

import dev.baton.control.GenerationRequest;
import dev.baton.control.TokenIds;
import dev.baton.control.routing.Placement;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Generation;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The messages of one request to workers, each attempt's made of what is common to all. */
final class AttemptMessages {
    private final Generation common;

    /** Work that grows with the prompt. */
    AttemptMessages(GenerationRequest request, int weight) {
        this.common = request.toGeneration().toBuilder().setWeight(weight).build();
    }

    /** @param to null for nobody */
    Generation.Builder of(Attempt attempt, Placement.@Nullable Assignment to, TokenIds accepted, Instant now) {
        Generation.Builder next = common.toBuilder()
                .setAttempt(attempt)
                .setModelFingerprint(to == null ? 0 : to.modelFingerprint())
                .setSubmittedUs(TtftBreakdown.Builder.micros(now));
        for (int i = 0; i < accepted.size(); i++) {
            next.addAccepted(accepted.at(i));
        }
        return next;
    }
}
