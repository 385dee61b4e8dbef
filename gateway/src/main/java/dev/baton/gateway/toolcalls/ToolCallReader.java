package dev.baton.gateway.toolcalls;

import dev.baton.gateway.toolcalls.ToolFormat.Call;
import org.jspecify.annotations.Nullable;

/**
 * Splits an answer, as it comes, into what is said and the calls of tools in it. Text that may yet be the mark before the
 * calls, and blanks before it, are held back. For one thread at a time.
 */
public final class ToolCallReader {
    private final ToolFormat format;
    private final int[] tokenIds;
    private final String mark;
    private final int markPlace;
    private final String before;
    private final CallSink sink;
    private final StringBuilder held = new StringBuilder();
    /** How many characters at the start of what is held are known to be blanks. */
    private int blanks;

    /** What has come since the last call, as far as it may be what stands before the next one. */
    private final StringBuilder passed = new StringBuilder();

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

    /** @param tokenIds the form's {@link ToolFormat#tokenIds} */
    public ToolCallReader(ToolFormat format, int[] tokenIds, CallSink sink) {
        this.format = format;
        this.tokenIds = tokenIds.clone();
        this.mark = format.markText();
        this.markPlace = format.markPlace();
        this.before = format.beforeSeen();
        this.sink = sink;
    }

    /** Calls that have begun and whose names are known. */
    public int calls() {
        return calls;
    }

    /** @param piece the text that is certain after the token */
    public void read(int token, String piece) {
        for (int place = 0; place < tokenIds.length; place++) {
            if (tokenIds[place] != token) {
                continue;
            }
            // Before the calls none but the mark means anything.
            if (!calling && place == markPlace) {
                beginCalls();
            }
            if (calling && tokensTell()) {
                readCalls(ToolFormat.standIn(place));
            }
        }
        read(piece);
    }

    /** Tokens show where a named call and the end of its name are; an object shows both itself. */
    private boolean tokensTell() {
        return switch (format.call()) {
            case Call.InObject object -> false;
            case Call.Named named -> call == null || call.name() == null;
        };
    }

    /** The answer has ended: what was held back is text after all. */
    public void end(String tail) {
        read(tail);
        if (!calling && !held.isEmpty()) {
            sink.text(held.toString());
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
        } else if (!format.isBare()) {
            findMark(piece.length());
        } else if (!held.isEmpty()) {
            findBareCall();
        }
    }

    /** The first characters of an answer tell whether it is a call. */
    private void findBareCall() {
        String text = held.toString();
        String fence = format.described() ? ToolFormat.FENCE : "{";
        if (text.startsWith("{") || text.startsWith(fence)) {
            calling = true;
            held.setLength(0);
            readCalls(text);
        } else if (!fence.startsWith(text)) {
            textOnly = true;
            sayAllBut(0);
        }
    }

    /** Looks only where the mark can be that was not there before the piece; a mark that is a token is in no text. */
    private void findMark(int piece) {
        int at = mark.isEmpty() ? -1 : held.indexOf(mark, held.length() - piece - mark.length() + 1);
        if (at >= 0) {
            String rest = held.substring(at);
            held.setLength(at);
            beginCalls();
            readCalls(rest);
            return;
        }
        int begun = Math.clamp(mark.length() - 1L, 0, held.length());
        while (begun > 0 && !mark.startsWith(held.substring(held.length() - begun))) {
            begun--;
        }
        int trailing = trailingBlanks(held.length() - begun);
        sayAllBut(begun + trailing);
        blanks = trailing;
    }

    /** Blanks before the mark are the template's. */
    private void beginCalls() {
        calling = true;
        sayAllBut(trailingBlanks(held.length()));
        held.setLength(0);
    }

    /** Those known to be at the start are not counted again: there may be as many as an answer has characters. */
    private int trailingBlanks(int end) {
        int from = end;
        while (from > blanks && Character.isWhitespace(held.charAt(from - 1))) {
            from--;
        }
        return from <= blanks ? end : end - from;
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
            char c = piece.charAt(i);
            CallReader reader = call;
            if (reader == null) {
                reader = begunBy(c);
                if (reader == null || reader instanceof NamedCall) {
                    continue;
                }
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

    /** An object begins with its brace, a named call after what stands before it; null where none begins. */
    private @Nullable CallReader begunBy(char c) {
        switch (format.call()) {
            case Call.InObject object -> call = c == '{' ? new ObjectCall() : null;
            case Call.Named named -> {
                passed.append(c);
                if (passed.length() > before.length()) {
                    passed.deleteCharAt(0);
                }
                if (before.contentEquals(passed)) {
                    passed.setLength(0);
                    call = new NamedCall(format.seen(named.afterName().getFirst()));
                }
            }
        }
        announced = false;
        return call;
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
