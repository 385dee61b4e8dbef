package dev.baton.cli.chaos;

import dev.baton.cli.bench.TimedStream;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One answer under faults, held against the undisturbed one.
 *
 * @param breaks how often it went on after its way to a gateway had broken; {@link #PLAIN} when its client does not go on
 */
record Answer(TimedStream stream, TimedStream undisturbed, int refusals, int breaks) {
    static final int PLAIN = -1;

    private static final Pattern BROKEN = Pattern.compile(
            "^(the stream ended without \\[DONE]: the connection|the stream from .* broke|request to .* failed)");
    /** What a client that goes on hears when Redis, emptied as the gateway died, was all that knew of its answer. */
    private static final Pattern GONE = Pattern.compile("^HTTP 404|Redis has lost it");

    /** How it ended. */
    enum Verdict {
        SAME,
        /** The whole answer came, with other text. */
        CHANGED,
        /** The whole answer came, and a part of it twice. */
        REPEATED,
        /** It ended early without an error. */
        LOST,
        /** An error in the place of the rest; what came before it is right. */
        FAILED,
        /** The connection broke, as it does when its gateway dies. */
        CUT,
        /** Not let in, however often it was asked. */
        REFUSED
    }

    Verdict verdict() {
        String failure = stream.failure();
        if (failure == null) {
            if (stream.sameText(undisturbed)) {
                return Verdict.SAME;
            }
            if (stream.begins(undisturbed)) {
                return Verdict.LOST;
            }
            return stream.repeats(undisturbed) ? Verdict.REPEATED : Verdict.CHANGED;
        }
        if (!stream.begins(undisturbed)) {
            return Verdict.CHANGED;
        }
        if (refused(failure)) {
            return Verdict.REFUSED;
        }
        return failure.startsWith("HTTP") || !BROKEN.matcher(failure).find() ? Verdict.FAILED : Verdict.CUT;
    }

    boolean resumes() {
        return breaks != PLAIN;
    }

    /** Whether nobody knew its stream any more. */
    boolean forgotten() {
        return resumes()
                && stream.failure() != null
                && GONE.matcher(stream.failure()).find();
    }

    /** Whether a client may send the request again: nothing of it has run. */
    static boolean refused(@Nullable String failure) {
        return failure != null
                && (failure.startsWith("HTTP 503")
                        || failure.startsWith("HTTP 429")
                        || failure.startsWith("no gateway answers"));
    }
}
