package dev.baton.gateway.toolcalls;

import org.jspecify.annotations.Nullable;

/**
 * Splits an answer, as it comes, into what is said and the calls of tools in it. Text that may yet be the mark before the
 * calls, and blanks before it, are held back. For one thread at a time.
 */
public final class ToolCallReader {
    private final ToolFormat format;
    private final int openingToken;
    private final CallSink sink;
    private final StringBuilder held = new StringBuilder();
    private @Nullable CallReader call;
    private boolean calling;
    private boolean textOnly;
    private boolean announced;
    private int calls;

    /** Hears what an answer consists of. */
    public interface CallSink {
        void text(String text);

        /** @param index of the call in the answer, from 0 */
        void call(int index, String name);

        /** A piece of the JSON text of the call's arguments. */
        void arguments(int index, String piece);
    }

    /** @param openingToken id of the special token that is the mark before the calls, −1 when it is text */
    public ToolCallReader(ToolFormat format, int openingToken, CallSink sink) {
        this.format = format;
        this.openingToken = openingToken;
        this.sink = sink;
    }

    /** Calls that have begun and whose names are known. */
    public int calls() {
        return calls;
    }

    /** @param piece the text that is certain after the token */
    public void read(int token, String piece) {
        if (openingToken >= 0 && token == openingToken) {
            begin();
        }
        read(piece);
    }

    /** The answer has ended: what was held back is text after all. */
    public void end(String tail) {
        read(tail);
        if (!calling && !held.isEmpty()) {
            sink.text(held.toString());
            held.setLength(0);
        }
    }

    private void begin() {
        if (!calling) {
            calling = true;
            // Blanks before the mark are the template's.
            sayAllBut(trailingBlanks(held.length()));
            held.setLength(0);
        }
    }

    private void read(String piece) {
        if (calling) {
            readCalls(piece);
            return;
        }
        held.append(piece);
        if (textOnly) {
            sayAllBut(0);
        } else if (format.isBare()) {
            if (!held.isEmpty()) {
                textOnly = held.charAt(0) != '{';
                read(textOnly ? "" : taken());
            }
        } else if (openingToken >= 0) {
            sayAllBut(trailingBlanks(held.length()));
        } else {
            findMark();
        }
    }

    private String taken() {
        calling = true;
        String text = held.toString();
        held.setLength(0);
        return text;
    }

    private void findMark() {
        String mark = format.opening().text();
        int at = held.indexOf(mark);
        if (at >= 0) {
            String rest = held.substring(at + mark.length());
            held.setLength(at);
            begin();
            readCalls(rest);
            return;
        }
        int begun = Math.min(mark.length() - 1, held.length());
        while (begun > 0 && !mark.startsWith(held.substring(held.length() - begun))) {
            begun--;
        }
        sayAllBut(begun + trailingBlanks(held.length() - begun));
    }

    private int trailingBlanks(int end) {
        int blanks = 0;
        while (blanks < end && Character.isWhitespace(held.charAt(end - 1 - blanks))) {
            blanks++;
        }
        return blanks;
    }

    private void sayAllBut(int kept) {
        int said = held.length() - kept;
        if (said > 0) {
            sink.text(held.substring(0, said));
            held.delete(0, said);
        }
    }

    /** What stands between calls is the format's. */
    private void readCalls(String piece) {
        for (int i = 0; i < piece.length(); i++) {
            CallReader reader = call;
            char c = piece.charAt(i);
            if (reader == null) {
                if (c != '{') {
                    continue;
                }
                reader = new CallReader();
                call = reader;
                announced = false;
            }
            reader.read(c);
            if (reader.ended()) {
                tell(reader);
                call = null;
            }
        }
        CallReader open = call;
        if (open != null) {
            tell(open);
        }
    }

    private void tell(CallReader reader) {
        String name = reader.name();
        if (name == null) {
            return;
        }
        if (!announced) {
            announced = true;
            sink.call(calls++, name);
        }
        String piece = reader.takeArguments();
        if (!piece.isEmpty()) {
            sink.arguments(calls - 1, piece);
        }
    }
}
