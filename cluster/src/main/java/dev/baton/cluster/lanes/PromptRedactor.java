package dev.baton.cluster.lanes;

import com.google.protobuf.Message;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Handoff;
import dev.baton.protocol.v1.PrefillJob;

/** Takes the tokens of people out of records that are kept. */
final class PromptRedactor {
    private PromptRedactor() {}

    static byte[] redact(Message record) {
        return switch (record) {
            case PrefillJob job ->
                job.toBuilder()
                        .setGeneration(redact(job.getGeneration()))
                        .build()
                        .toByteArray();
            case Handoff handoff ->
                handoff.toBuilder()
                        .setGeneration(redact(handoff.getGeneration()))
                        .clearOpaque()
                        .build()
                        .toByteArray();
            default -> new byte[0];
        };
    }

    private static Generation redact(Generation generation) {
        return generation.toBuilder().clearPrompt().clearAccepted().build();
    }
}
