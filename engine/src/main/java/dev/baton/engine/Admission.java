package dev.baton.engine;

import dev.baton.control.fairness.TenantWeight;
import dev.baton.engine.EngineCommand.Admit;
import dev.baton.engine.LiveSequences.LiveSequence;
import dev.baton.engine.sampling.ConstraintException;
import dev.baton.engine.sampling.SequenceSampling;
import dev.baton.engine.schedule.Sequence.Terms;
import dev.baton.kv.PrefixHasher;
import dev.baton.protocol.KnownTokens;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Generation;
import java.util.Arrays;

/** Turns an admit command into a sequence, or says why it cannot be one. Immutable. */
record Admission(EngineSettings settings, ModelShape shape) {
    /** Outcome of an admit command. */
    sealed interface Verdict {
        record Taken(LiveSequence sequence) implements Verdict {}

        record Refused(Failure failure) implements Verdict {}
    }

    Verdict judge(Admit admit) {
        Generation generation = admit.generation();
        if (!settings.role().takes(admit.goal())) {
            return refuse(
                    Failure.Code.BAD_REQUEST,
                    "an engine of role %s does not do %s".formatted(settings.role(), admit.goal()));
        }
        if (generation.getModelFingerprint() != 0 && generation.getModelFingerprint() != shape.fingerprint()) {
            return refuse(
                    Failure.Code.MODEL_MISMATCH,
                    "the request is for model %x, this engine holds %x"
                            .formatted(generation.getModelFingerprint(), shape.fingerprint()));
        }
        if (!generation.getAdapter().isEmpty()) {
            return refuse(
                    Failure.Code.MODEL_MISMATCH,
                    "the request is for adapter '%s' of the model, this engine has none"
                            .formatted(generation.getAdapter()));
        }
        if (generation.getPromptCount() == 0) {
            return refuse(Failure.Code.BAD_REQUEST, "the prompt is empty");
        }
        if (generation.getPromptCount() >= shape.maxContext()) {
            return refuse(
                    Failure.Code.BAD_REQUEST,
                    "a prompt of %d tokens leaves no room in a context of %d"
                            .formatted(generation.getPromptCount(), shape.maxContext()));
        }
        int[] known = KnownTokens.of(generation);
        if (Arrays.stream(known).anyMatch(token -> token < 0 || token >= shape.vocab())) {
            return refuse(
                    Failure.Code.BAD_REQUEST, "a token id is outside the vocabulary of %d".formatted(shape.vocab()));
        }
        try {
            return new Verdict.Taken(sequence(admit, known));
        } catch (IllegalArgumentException | ConstraintException e) {
            return refuse(Failure.Code.BAD_REQUEST, String.valueOf(e.getMessage()));
        }
    }

    private LiveSequence sequence(Admit admit, int[] known) {
        Generation generation = admit.generation();
        int blockTokens = shape.layout().blockTokens();
        return new LiveSequence(
                admit,
                known,
                SequenceSampling.of(
                        generation,
                        known,
                        shape.stopTokens(),
                        shape.maxContext(),
                        admit.constraint().get()),
                new Terms(
                        generation.getPriority(),
                        deadline(generation),
                        generation.getTenantSalt(),
                        TenantWeight.of(generation)),
                new PrefixHasher(
                        generation.getTenantSalt().toByteArray(),
                        shape.fingerprint(),
                        generation.getAdapter(),
                        blockTokens),
                blockTokens);
    }

    private long deadline(Generation generation) {
        long deadline = generation.getDeadlineMs();
        long slack = settings.patience().deadlineSlack().toMillis();
        return deadline <= 0 || deadline > Long.MAX_VALUE - slack ? Long.MAX_VALUE : deadline + slack;
    }

    private static Verdict refuse(Failure.Code code, String message) {
        return new Verdict.Refused(failure(code, message));
    }

    static Failure failure(Failure.Code code, String message) {
        return Failure.newBuilder().setCode(code).setMessage(message).build();
    }
}
