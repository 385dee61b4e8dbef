package dev.baton.gateway.resume;

import dev.baton.control.TokenIds;
import dev.baton.protocol.v1.AnswerRecord;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.TokenLogprob;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was accepted of one choice, in order, each token once. Readers get it from the start and then as it comes; records of it
 * go to the store. While {@link #hold} holds, readers get only what the store has confirmed. Any thread; readers are called
 * one call at a time each, and must not block.
 */
final class ChoiceLog {
    private static final Logger LOG = LoggerFactory.getLogger(ChoiceLog.class);

    /** Tokens that a record or a call of a reader has at most. */
    static final int MOST_AT_ONCE = 256;

    private final int choice;
    private final List<LogReader> readers = new ArrayList<>();
    private final List<TokenLogprob> logprobs = new ArrayList<>();
    private int[] tokens = new int[64];
    private int size;
    private boolean admitted;
    private int cached = -1;
    private @Nullable ChoiceEnd end;
    private @Nullable Feed feed;
    /** What was given to the store, and of that what it has confirmed. */
    private Mark saved = Mark.NOTHING;

    private Mark confirmed = Mark.NOTHING;
    private boolean hold;
    private boolean delivering;
    private boolean again;

    /** How far somebody is. */
    record Mark(boolean admitted, boolean cached, int tokens, boolean ended) {
        static final Mark NOTHING = new Mark(false, false, 0, false);
    }

    /** What comes next for a reader; {@code cached} is negative where it is nothing new. */
    record Piece(
            boolean admitted,
            int cached,
            int first,
            TokenIds tokens,
            List<TokenLogprob> logprobs,
            @Nullable ChoiceEnd end) {}

    ChoiceLog(int choice) {
        this.choice = choice;
    }

    /** Who may add to it from here on: the one that was made last, until {@link #lose}. */
    synchronized Feed feed() {
        feed = new Feed();
        return feed;
    }

    /** Adds what comes. What one says that is not the log's any more is dropped: another gateway decides what comes. */
    final class Feed {
        private Feed() {}

        void admitted() {
            synchronized (ChoiceLog.this) {
                if (feed == this) {
                    admitted = true;
                    deliver();
                }
            }
        }

        void cached(int found) {
            synchronized (ChoiceLog.this) {
                if (feed == this && cached < 0) {
                    cached = found;
                    deliver();
                }
            }
        }

        /** A token that is there already is dropped. */
        void token(int index, int token, @Nullable TokenLogprob logprob) {
            synchronized (ChoiceLog.this) {
                if (feed == this && add(index, token, logprob)) {
                    deliver();
                }
            }
        }

        /** Only the first end counts. */
        void end(ChoiceEnd how) {
            synchronized (ChoiceLog.this) {
                if (feed == this) {
                    ended(how);
                }
            }
        }
    }

    private boolean add(int index, int token, @Nullable TokenLogprob logprob) {
        if (index > size) {
            throw new IllegalStateException(
                    "token %d of choice %d comes before token %d".formatted(index, choice, size));
        }
        if (index < size || end != null) {
            return false;
        }
        if (size == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * size);
        }
        tokens[size] = token;
        size++;
        if (logprob != null) {
            logprobs.add(logprob);
        }
        return true;
    }

    private void ended(ChoiceEnd how) {
        if (end == null) {
            end = how;
            deliver();
        }
    }

    /** Another gateway decides what comes: what the store has not confirmed may never have been. */
    synchronized void lose() {
        feed = null;
        size = Math.min(size, confirmed.tokens);
        if (logprobs.size() > size) {
            logprobs.subList(size, logprobs.size()).clear();
        }
        end = confirmed.ended ? end : null;
        saved = Mark.NOTHING;
    }

    /** For a log that nobody feeds and nobody stores any more. */
    synchronized void abandon(Failure failure) {
        if (feed == null && end == null) {
            end = new ChoiceEnd.Failed(failure);
            confirmed = all();
            deliver();
        }
    }

    synchronized @Nullable ChoiceEnd end() {
        return end;
    }

    synchronized int size() {
        return size;
    }

    synchronized int cachedTokens() {
        return Math.max(0, cached);
    }

    synchronized boolean isAdmitted() {
        return admitted;
    }

    synchronized TokenIds accepted() {
        return TokenIds.of(Arrays.copyOf(tokens, size));
    }

    /** From here on readers get only what the store has confirmed. */
    synchronized void hold() {
        hold = true;
    }

    /** The readers of now are told that it failed; it goes on for others. */
    synchronized void dismiss(Failure failure) {
        for (LogReader reader : List.copyOf(readers)) {
            give(
                    reader,
                    new Piece(
                            false, -1, reader.mark().tokens, TokenIds.of(), List.of(), new ChoiceEnd.Failed(failure)));
            reader.cancel();
        }
    }

    /** Gives a reader all that there is, on this thread, and from then on what comes. */
    void attach(LogReader reader) {
        while (!reader.left()) {
            Piece piece;
            synchronized (this) {
                piece = next(reader);
                if (piece == null) {
                    readers.add(reader);
                    return;
                }
            }
            give(reader, piece);
        }
    }

    /** A reader may end the choice while it takes a token: the others hear of that in the next round. */
    private void deliver() {
        again = true;
        if (delivering) {
            return;
        }
        delivering = true;
        try {
            while (again) {
                again = false;
                readers.forEach(this::deliver);
            }
            readers.removeIf(LogReader::left);
        } finally {
            delivering = false;
        }
    }

    private void deliver(LogReader reader) {
        while (!reader.left()) {
            Piece piece = next(reader);
            if (piece == null) {
                return;
            }
            give(reader, piece);
        }
    }

    /** One that throws has a bug, which must not cost the others the answer. */
    private void give(LogReader reader, Piece piece) {
        try {
            reader.take(piece);
        } catch (RuntimeException e) {
            LOG.error("what reads choice {} failed at token {}: it gets no more", choice, piece.first(), e);
            reader.broke();
        }
    }

    private @Nullable Piece next(LogReader reader) {
        Mark at = reader.mark();
        Mark upTo = hold && !(end instanceof ChoiceEnd.Rejected) ? confirmed : all();
        int to = Math.min(upTo.tokens, at.tokens + MOST_AT_ONCE);
        boolean ends = upTo.ended && to == upTo.tokens;
        Mark then = new Mark(
                upTo.admitted || at.admitted, upTo.cached || at.cached, Math.max(to, at.tokens), ends || at.ended);
        if (then.equals(at)) {
            return null;
        }
        reader.mark(then);
        return new Piece(
                then.admitted && !at.admitted,
                then.cached && !at.cached ? cached : -1,
                at.tokens,
                TokenIds.of(Arrays.copyOfRange(tokens, at.tokens, then.tokens)),
                logprobs(at.tokens, then.tokens),
                ends && !at.ended ? end : null);
    }

    private Mark all() {
        return new Mark(admitted, cached >= 0, size, end != null);
    }

    private List<TokenLogprob> logprobs(int from, int to) {
        return logprobs.size() < to ? List.of() : List.copyOf(logprobs.subList(from, to));
    }

    /** What the store has not been given yet; null when that is nothing. */
    synchronized @Nullable AnswerRecord unsaved() {
        Mark from = saved;
        int to = Math.min(size, from.tokens + MOST_AT_ONCE);
        Mark then = new Mark(admitted, cached >= 0, to, end != null && to == size);
        if (then.equals(from)) {
            return null;
        }
        saved = then;
        AnswerRecord.Builder next = AnswerRecord.newBuilder()
                .setChoice(choice)
                .setAdmitted(then.admitted && !from.admitted)
                .setFirstIndex(from.tokens)
                .addAllLogprobs(logprobs(from.tokens, to));
        if (then.cached && !from.cached) {
            next.setCachedTokens(cached);
        }
        for (int i = from.tokens; i < to; i++) {
            next.addTokens(tokens[i]);
        }
        if (then.ended) {
            switch (end) {
                case ChoiceEnd.Finished(Finish.Reason reason) ->
                    next.setFinish(Finish.newBuilder().setReason(reason));
                case ChoiceEnd.Failed(var failure) -> next.setFailure(failure);
                case ChoiceEnd.Stopped _ -> next.setStopped(true);
                case ChoiceEnd.Rejected(var rejection) -> next.setNotLetIn(LogCodec.notLetIn(rejection));
                case null -> throw new IllegalStateException("ended without an end");
            }
        }
        return next.build();
    }

    /** The store has all that {@link #unsaved} gave. */
    synchronized void saved() {
        confirmed = saved;
        if (hold) {
            deliver();
        }
    }

    /** The store is read from the start. */
    synchronized void unsave() {
        saved = Mark.NOTHING;
    }

    /** Whether the store has all, the end included. */
    synchronized boolean whole() {
        return confirmed.ended && confirmed.equals(all());
    }

    /** Takes a record that was read from the store. What is there already is dropped. */
    synchronized void take(AnswerRecord read) {
        admitted |= read.getAdmitted();
        if (read.hasCachedTokens() && cached < 0) {
            cached = read.getCachedTokens();
        }
        boolean scored = read.getLogprobsCount() == read.getTokensCount();
        for (int i = 0; i < read.getTokensCount(); i++) {
            add(read.getFirstIndex() + i, read.getTokens(i), scored ? read.getLogprobs(i) : null);
        }
        ChoiceEnd ended = switch (read.getEndCase()) {
            case FINISH -> new ChoiceEnd.Finished(read.getFinish().getReason());
            case FAILURE -> new ChoiceEnd.Failed(read.getFailure());
            case STOPPED -> new ChoiceEnd.Stopped();
            case NOT_LET_IN -> new ChoiceEnd.Rejected(LogCodec.rejection(read.getNotLetIn()));
            case END_NOT_SET -> null;
        };
        if (ended != null && end == null) {
            end = ended;
        }
        int tokensSaved = read.getFirstIndex() + read.getTokensCount();
        saved = new Mark(
                saved.admitted || read.getAdmitted(),
                saved.cached || read.hasCachedTokens(),
                tokensSaved,
                saved.ended || ended != null);
        confirmed = saved;
        deliver();
    }
}
