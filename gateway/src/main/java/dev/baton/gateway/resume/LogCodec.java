package dev.baton.gateway.resume;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import dev.baton.gateway.dispatch.Rejection;
import dev.baton.protocol.v1.AnswerRecord;
import dev.baton.protocol.v1.NotLetIn;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.function.Consumer;

/** The log of an answer as bytes: records, each with its length before it. */
final class LogCodec {
    /** Bytes that a record adds to those of its tokens, at most. */
    private static final int RECORD = 16;

    /** Of a token in a record, and of each log probability. */
    private static final int TOKEN = 5;

    private static final int LOGPROB = 16;
    private static final int ALTERNATIVE = 9;

    private LogCodec() {}

    /** All that a choice's log has for the store now; empty when that is nothing. */
    static byte[] unsaved(ChoiceLog[] logs) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            for (ChoiceLog log : logs) {
                for (AnswerRecord next = log.unsaved(); next != null; next = log.unsaved()) {
                    next.writeDelimitedTo(bytes);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /**
     * Reads whole records.
     *
     * @return bytes that these take: what follows is a part of a record
     */
    static int read(byte[] log, Consumer<AnswerRecord> to) {
        int at = 0;
        try {
            while (at < log.length) {
                CodedInputStream in = CodedInputStream.newInstance(log, at, log.length - at);
                int length = in.readRawVarint32();
                int begins = at + CodedOutputStream.computeUInt32SizeNoTag(length);
                if (length < 0 || begins + length > log.length) {
                    break;
                }
                to.accept(AnswerRecord.parseFrom(CodedInputStream.newInstance(log, begins, length)));
                at = begins + length;
            }
        } catch (IOException e) {
            // The length itself is cut off, or this is no log; then it never gets whole.
            return at;
        }
        return at;
    }

    static NotLetIn notLetIn(Rejection rejection) {
        NotLetIn.Builder stored = NotLetIn.newBuilder()
                .setReason(
                        switch (rejection.reason()) {
                            case CONTEXT_LENGTH_EXCEEDED -> NotLetIn.Reason.CONTEXT_LENGTH_EXCEEDED;
                            case DEADLINE_EXCEEDED -> NotLetIn.Reason.DEADLINE_EXCEEDED;
                            case SERVER_OVERLOADED -> NotLetIn.Reason.SERVER_OVERLOADED;
                            case NO_WORKERS -> NotLetIn.Reason.NO_WORKERS;
                            case STATE_UNAVAILABLE -> NotLetIn.Reason.STATE_UNAVAILABLE;
                            case SHUTTING_DOWN -> NotLetIn.Reason.SHUTTING_DOWN;
                        })
                .setMessage(rejection.message())
                .setMaxContext(rejection.maxContext());
        if (rejection.retryAfter() != null) {
            stored.setRetryAfterMillis(rejection.retryAfter().toMillis());
        }
        return stored.build();
    }

    static Rejection rejection(NotLetIn stored) {
        return new Rejection(
                switch (stored.getReason()) {
                    case CONTEXT_LENGTH_EXCEEDED -> Rejection.Reason.CONTEXT_LENGTH_EXCEEDED;
                    case DEADLINE_EXCEEDED -> Rejection.Reason.DEADLINE_EXCEEDED;
                    case SERVER_OVERLOADED -> Rejection.Reason.SERVER_OVERLOADED;
                    case NO_WORKERS -> Rejection.Reason.NO_WORKERS;
                    case SHUTTING_DOWN -> Rejection.Reason.SHUTTING_DOWN;
                    case STATE_UNAVAILABLE, UNSPECIFIED, UNRECOGNIZED -> Rejection.Reason.STATE_UNAVAILABLE;
                },
                stored.getMessage(),
                stored.hasRetryAfterMillis() ? Duration.ofMillis(stored.getRetryAfterMillis()) : null,
                stored.getMaxContext());
    }

    /** Bytes that the log of a choice can come to. */
    static long most(int maxTokens, boolean scored, int alternatives) {
        long token = TOKEN + RECORD + (scored ? LOGPROB + (long) ALTERNATIVE * alternatives : 0);
        return maxTokens * token + 1024;
    }
}
