package dev.baton.gateway.sse;

import dev.baton.gateway.body.ConnectionHandle;
import dev.baton.gateway.body.PacedBody;
import dev.baton.gateway.logprobs.Logprobs;
import dev.baton.gateway.toolcalls.CallPiece;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The body of a streamed answer, which takes it as it is made. Any thread may call. */
public abstract sealed class AnswerBody extends PacedBody permits EventStream, ResponseEvents {
    AnswerBody(ConnectionHandle connection) {
        super(connection);
    }

    /**
     * Adds a piece of a choice's text.
     *
     * @param token index of the one that produced it
     * @param text unescaped; may be empty when {@code logprobs} is there
     */
    public abstract void text(int choice, int token, String text, @Nullable Logprobs logprobs);

    /** Adds a piece of a choice's reasoning. */
    public abstract void reasoning(int choice, int token, String text);

    /** Adds a part of a call that a choice makes. */
    public abstract void call(int choice, int token, CallPiece piece);

    /** The choice has no more text. */
    public abstract void finish(int choice, int token, String reason);

    /**
     * Ends the stream.
     *
     * @param trailers fields with their JSON that come before the end
     */
    public abstract void end(Map<String, String> trailers);

    /** Ends the stream with an error behind what waits; {@code body} is its JSON in the endpoint's form. */
    public abstract void fail(String body);

    /** Ends the stream with an error in the place of all that waits, the end included. */
    public abstract void dropAndFail(String body);
}
