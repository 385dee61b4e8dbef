package dev.baton.gateway.dispatch;

import com.google.protobuf.ByteString;
import dev.baton.kv.BlockHash;
import dev.baton.protocol.v1.Generation;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/**
 * A submission that was let in.
 *
 * @param maxTokens most tokens to generate, always set
 * @param chain names of the prompt's full blocks
 * @param at when it came
 */
record AdmittedRequest(GenerationRequest submission, int maxTokens, List<BlockHash> chain, Instant at) {
    String id() {
        return submission.requestId();
    }

    /** All but attempt and accepted tokens. */
    Generation.Builder generation(String gateway, long modelFingerprint) {
        return Generation.newBuilder()
                .setRequestId(id())
                .setModel(submission.model())
                .setModelFingerprint(modelFingerprint)
                .setTenantSalt(ByteString.copyFrom(Placement.salt(submission.tenant())))
                .addAllPrompt(Arrays.stream(submission.prompt()).boxed().toList())
                .setSampling(submission.sampling())
                .setStopping(submission.stopping().toBuilder().setMaxTokens(maxTokens))
                .setPriority(submission.priority())
                .setDeadlineMs(submission.deadline().toEpochMilli())
                .setGateway(gateway);
    }
}
