package dev.baton.cli.chaos;

import dev.baton.cli.bench.TimedStream;
import org.jspecify.annotations.Nullable;

/** One answer under faults, held against the undisturbed one. */
record Answer(TimedStream stream, TimedStream undisturbed, int refusals) {
    /** How it ended. */
    enum Verdict {
        SAME,
        /** The whole answer came, with other text. */
        CHANGED,
        /** It ended early without an error. */
        LOST,
        /** An error in the place of the rest; what came before it is right. */
        FAILED,
        /** Not let in, however often it was asked. */
        REFUSED
    }

    Verdict verdict() {
        String failure = stream.failure();
        if (failure == null) {
            if (stream.sameText(undisturbed)) {
                return Verdict.SAME;
            }
            return stream.begins(undisturbed) ? Verdict.LOST : Verdict.CHANGED;
        }
        if (!stream.begins(undisturbed)) {
            return Verdict.CHANGED;
        }
        return refused(failure) ? Verdict.REFUSED : Verdict.FAILED;
    }

    /** Whether a client may send the request again: nothing of it has run. */
    static boolean refused(@Nullable String failure) {
        return failure != null && (failure.startsWith("HTTP 503") || failure.startsWith("HTTP 429"));
    }
}
