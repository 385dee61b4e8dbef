package dev.baton.gateway.reasoning;

import dev.baton.tokenizer.ModelTokenizer;

/**
 * Reads reasoning between two marks. Text that may yet be a mark is held back. Line ends at the borders of the reasoning and
 * before the answer belong to the marks.
 */
final class TagReader implements ReasoningReader {
    /** More line ends than any model writes before a mark are said. */
    private static final int MOST_LINE_ENDS = 16;

    /** A text with more blanks before its mark than any model writes is an answer. */
    private static final int MOST_BLANKS = 256;

    private final ModelTokenizer tokenizer;
    private final Sink sink;
    private final String open;
    private final String close;
    private final int openId;
    private final int closeId;
    private final StringBuilder held = new StringBuilder();
    private State state;
    private boolean last;

    private enum State {
        /** Nothing has come but blanks and what may be the mark. */
        START,
        /** After the mark, as long as only line ends have come. */
        OPENED,
        REASONING,
        /** After the reasoning, as long as only line ends have come. */
        CLOSED,
        ANSWER
    }

    TagReader(ReasoningTags tags, ModelTokenizer tokenizer, Sink sink) {
        this.tokenizer = tokenizer;
        this.sink = sink;
        this.open = tags.open();
        this.close = tags.close();
        this.openId = tags.openIsToken() ? tokenizer.idOf(open).orElse(NO_TOKEN) : NO_TOKEN;
        this.closeId = tags.closeIsToken() ? tokenizer.idOf(close).orElse(NO_TOKEN) : NO_TOKEN;
        this.state = tags.opened() ? State.OPENED : State.START;
    }

    @Override
    public boolean reasons() {
        return last;
    }

    @Override
    public void read(int token, String piece) {
        last = state == State.OPENED || state == State.REASONING;
        switch (state) {
            case START -> start(token, piece);
            case OPENED, REASONING -> reason(token, piece);
            case CLOSED -> closed(token, piece);
            case ANSWER -> sink.answer(token, piece);
        }
    }

    private void start(int token, String piece) {
        held.append(piece);
        String text = held.toString();
        String begun = text.stripLeading();
        if (text.length() - begun.length() > MOST_BLANKS) {
            answers(token, text);
            return;
        }
        if (token != NO_TOKEN && token == openId) {
            opens(held.length());
            return;
        }
        if (openId == NO_TOKEN && begun.startsWith(open)) {
            opens(text.length() - begun.length() + open.length());
            return;
        }
        boolean mayOpen = openId == NO_TOKEN ? open.startsWith(begun) : begun.isEmpty();
        boolean control = piece.isEmpty() && token != NO_TOKEN && tokenizer.isSpecial(token);
        if (control || !mayOpen) {
            answers(token, text);
        }
    }

    private void answers(int token, String text) {
        state = State.ANSWER;
        held.setLength(0);
        sink.answer(token, text);
    }

    /** @param length of what is held up to the mark's end */
    private void opens(int length) {
        held.delete(0, length);
        state = State.OPENED;
        last = true;
        String rest = held.toString();
        held.setLength(0);
        reason(NO_TOKEN, rest);
    }

    private void reason(int token, String piece) {
        if (token != NO_TOKEN && token == closeId) {
            held.append(piece);
            closes(held.length(), "");
            return;
        }
        held.append(piece);
        if (state == State.OPENED) {
            int blanks = lineEnds(held);
            held.delete(0, blanks);
            if (held.isEmpty()) {
                return;
            }
            state = State.REASONING;
        }
        int at = closeId == NO_TOKEN ? held.indexOf(close, held.length() - piece.length() - close.length() + 1) : -1;
        if (at >= 0) {
            closes(at, held.substring(at + close.length()));
            return;
        }
        int kept = closeId == NO_TOKEN ? begun() : 0;
        int ends = 0;
        int end = held.length() - kept;
        while (ends < end && ends < MOST_LINE_ENDS && isLineEnd(held.charAt(end - ends - 1))) {
            ends++;
        }
        say(end - ends);
    }

    /** Characters at the end of what is held that may be the start of the mark. */
    private int begun() {
        int begun = Math.min(close.length() - 1, held.length());
        while (begun > 0 && !close.startsWith(held.substring(held.length() - begun))) {
            begun--;
        }
        return begun;
    }

    private void closes(int length, String rest) {
        int end = length;
        while (end > 0 && isLineEnd(held.charAt(end - 1))) {
            end--;
        }
        say(end);
        held.setLength(0);
        state = State.CLOSED;
        closed(NO_TOKEN, rest);
    }

    private void closed(int token, String piece) {
        String rest = piece.substring(lineEnds(piece));
        if (!rest.isEmpty() || (piece.isEmpty() && token != NO_TOKEN)) {
            state = rest.isEmpty() ? state : State.ANSWER;
            sink.answer(token, rest);
        }
    }

    private void say(int characters) {
        if (characters > 0) {
            sink.reasoning(held.substring(0, characters));
            held.delete(0, characters);
        }
    }

    @Override
    public void end(String tail) {
        last = false;
        read(NO_TOKEN, tail);
        if (held.isEmpty()) {
            return;
        }
        if (state == State.START) {
            sink.answer(NO_TOKEN, held.toString());
        } else if (!held.toString().isBlank()) {
            sink.reasoning(held.toString());
        }
        held.setLength(0);
    }

    private static int lineEnds(CharSequence text) {
        int ends = 0;
        while (ends < text.length() && isLineEnd(text.charAt(ends))) {
            ends++;
        }
        return ends;
    }

    private static boolean isLineEnd(char c) {
        return c == '\n' || c == '\r';
    }
}
