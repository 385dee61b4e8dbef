package dev.baton.gateway.resume;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.baton.control.GenerationRequest;
import dev.baton.gateway.answer.PreparedRequest;
import dev.baton.gateway.answer.ServedModel;
import dev.baton.gateway.reasoning.ReasoningFormat;
import dev.baton.gateway.sse.ChunkTemplates.Shape;
import dev.baton.gateway.toolcalls.ToolFormat;
import dev.baton.protocol.v1.StoredRequest;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** A prepared request as bytes, and back at another gateway of the same model. */
final class StoredRequests {
    private final ServedModel model;

    StoredRequests(ServedModel model) {
        this.model = model;
    }

    /** @param key id of the key that pays; never the key */
    static byte[] write(PreparedRequest prepared, String key) {
        StoredRequest.Builder stored = StoredRequest.newBuilder()
                .setTenant(prepared.generations().getFirst().tenant())
                .setKey(key)
                .setAnswerId(prepared.answerId())
                .setCreated(prepared.created())
                .setModel(prepared.model())
                .setShape(prepared.shape() == Shape.CHAT ? StoredRequest.Shape.CHAT : StoredRequest.Shape.COMPLETION)
                .setN(prepared.n())
                .addAllStops(prepared.stops())
                .setStream(prepared.stream())
                .setIncludeUsage(prepared.includeUsage())
                .setIncludeTiming(prepared.includeTiming())
                .setCalls(prepared.tools() != null)
                .setReasoning(reasoning(prepared));
        if (prepared.serviceTier() != null) {
            stored.setServiceTier(prepared.serviceTier());
        }
        if (prepared.systemFingerprint() != null) {
            stored.setSystemFingerprint(prepared.systemFingerprint());
        }
        prepared.generations().forEach(generation -> stored.addGenerations(generation.toGeneration()));
        return stored.build().toByteArray();
    }

    private static StoredRequest.Reasoning reasoning(PreparedRequest prepared) {
        ReasoningFormat reasoning = prepared.reasoning();
        if (reasoning == null) {
            return StoredRequest.Reasoning.NONE;
        }
        return reasoning.opened() ? StoredRequest.Reasoning.OPENED : StoredRequest.Reasoning.POSSIBLE;
    }

    static StoredRequest parse(byte[] bytes) {
        try {
            return StoredRequest.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException("what Redis has of an answer is no request", e);
        }
    }

    /** @param deadline by this gateway's clock */
    PreparedRequest prepared(StoredRequest stored, Instant deadline) {
        return new PreparedRequest(
                stored.getAnswerId(),
                stored.getCreated(),
                stored.getModel(),
                stored.getShape() == StoredRequest.Shape.CHAT ? Shape.CHAT : Shape.COMPLETION,
                stored.getGenerationsList().stream()
                        .map(generation -> GenerationRequest.of(generation, deadline))
                        .toList(),
                stored.getN(),
                stored.getStopsList(),
                stored.getStream(),
                stored.getIncludeUsage(),
                stored.hasServiceTier() ? stored.getServiceTier() : null,
                stored.getSystemFingerprint().isEmpty() ? null : stored.getSystemFingerprint(),
                stored.getIncludeTiming(),
                stored.getCalls() ? ToolFormat.of(model.tokenizer()).orElseGet(ToolFormat::bare) : null,
                switch (stored.getReasoning()) {
                    case NONE, UNRECOGNIZED -> null;
                    case POSSIBLE -> reasoning().orElse(null);
                    case OPENED ->
                        reasoning().map(ReasoningFormat::openedByPrompt).orElse(null);
                },
                List.of(),
                "");
    }

    private Optional<ReasoningFormat> reasoning() {
        return ReasoningFormat.of(model.tokenizer());
    }
}
