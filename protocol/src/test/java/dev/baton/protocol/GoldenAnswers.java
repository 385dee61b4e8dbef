package dev.baton.protocol;

import com.google.protobuf.Message;
import dev.baton.protocol.v1.AnswerRecord;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.NotLetIn;
import dev.baton.protocol.v1.StoredRequest;
import dev.baton.protocol.v1.TokenLogprob;
import java.util.Map;

/** What Redis has of a resumable answer: a gateway of the next build goes on with what one of this build began. */
final class GoldenAnswers {
    private GoldenAnswers() {}

    static void addTo(Map<String, Message> all) {
        all.put(
                "stored-request",
                StoredRequest.newBuilder()
                        .setTenant("acme")
                        .setKey("ci")
                        .setAnswerId("chatcmpl-1")
                        .setCreated(1_764_460_800L)
                        .setModel("demo")
                        .setShape(StoredRequest.Shape.COMPLETION)
                        .addGenerations(Generation.newBuilder().setRequestId("request"))
                        .setN(2)
                        .addStops("END")
                        .setStream(true)
                        .setIncludeUsage(true)
                        .setServiceTier("flex")
                        .setIncludeTiming(true)
                        .setCalls(true)
                        .build());
        all.put(
                "stored-request-fingerprint",
                StoredRequest.newBuilder()
                        .setAnswerId("chatcmpl-1")
                        .setSystemFingerprint("fp_0123456789abcdef")
                        .build());
        all.put(
                "stored-request-reasoning",
                StoredRequest.newBuilder()
                        .setReasoning(StoredRequest.Reasoning.OPENED)
                        .build());
        AnswerRecord record = AnswerRecord.newBuilder()
                .setChoice(1)
                .setAdmitted(true)
                .setCachedTokens(64)
                .setFirstIndex(3)
                .addTokens(5)
                .addTokens(300)
                .addLogprobs(
                        TokenLogprob.newBuilder().setLogprob(-0.5f).addTopIds(5).addTopLogprobs(-0.5f))
                .build();
        all.put(
                "answer-record-finish",
                record.toBuilder()
                        .setFinish(Finish.newBuilder().setReason(Finish.Reason.LENGTH))
                        .build());
        all.put(
                "answer-record-failure",
                record.toBuilder().setFailure(GoldenMessages.FAILURE).build());
        all.put(
                "answer-record-not-let-in",
                AnswerRecord.newBuilder()
                        .setNotLetIn(NotLetIn.newBuilder()
                                .setReason(NotLetIn.Reason.CONTEXT_LENGTH_EXCEEDED)
                                .setMessage("too long")
                                .setRetryAfterMillis(1_500)
                                .setMaxContext(8_192))
                        .build());
        all.put("answer-record-stopped", record.toBuilder().setStopped(true).build());
    }
}
