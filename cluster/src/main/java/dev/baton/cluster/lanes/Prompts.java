package dev.baton.cluster.lanes;

import com.google.protobuf.Message;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Handoff;
import dev.baton.protocol.v1.PrefillJob;

/** Takes the tokens of people out of records that are kept. */
final class Prompts {
    private Prompts() {}

    static byte[] without(Message record) {
        return switch (record) {
            case PrefillJob job ->
                job.toBuilder()
                        .setGeneration(without(job.getGeneration()))
                        .build()
                        .toByteArray();
            case Handoff handoff ->
                handoff.toBuilder()
                        .setGeneration(without(handoff.getGeneration()))
                        .clearOpaque()
                        .build()
                        .toByteArray();
            default -> new byte[0];
        };
    }

    private static Generation without(Generation generation) {
        return generation.toBuilder().clearPrompt().clearAccepted().build();
    }
}
