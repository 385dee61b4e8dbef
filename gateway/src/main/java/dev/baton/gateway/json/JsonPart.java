package dev.baton.gateway.json;

import java.util.Iterator;

/** JSON that is made a piece at a time, so that a long text never exists as a whole. Read once, by one thread at a time. */
public interface JsonPart {
    /**
     * Appends until {@code out} has at least {@code length} characters, or this part ends. One call goes over {@code
     * length} by a few kilobytes at most.
     *
     * @return whether this part has ended
     */
    boolean write(StringBuilder out, int length);

    /** Short JSON, written at once. */
    static JsonPart of(String json) {
        return (out, length) -> {
            out.append(json);
            return true;
        };
    }

    /** The characters of a JSON string, escaped, without its quotes. */
    static JsonPart escaped(CharSequence text) {
        return new Slices(text, (out, from, start, end) -> JsonText.escape(from, start, end, out));
    }

    /** JSON of any length, which exists already: it is shared, and taken piece by piece. */
    static JsonPart shared(String json) {
        return new Slices(json, StringBuilder::append);
    }

    /** One after the other; each is asked for when the one before it has ended. */
    static JsonPart sequence(Iterator<JsonPart> parts) {
        return new Sequence(parts);
    }

    /** Text in slices that never split a surrogate pair. */
    final class Slices implements JsonPart {
        private static final int SLICE = 1024;

        private final CharSequence text;
        private final Writer writer;
        private int at;

        private interface Writer {
            void write(StringBuilder out, CharSequence from, int start, int end);
        }

        private Slices(CharSequence text, Writer writer) {
            this.text = text;
            this.writer = writer;
        }

        @Override
        public boolean write(StringBuilder out, int length) {
            while (at < text.length() && out.length() < length) {
                int end = Math.min(text.length(), at + SLICE);
                if (end < text.length() && Character.isHighSurrogate(text.charAt(end - 1))) {
                    end++;
                }
                writer.write(out, text, at, end);
                at = end;
            }
            return at == text.length();
        }
    }

    /** Parts in a row. */
    final class Sequence implements JsonPart {
        private final Iterator<JsonPart> parts;
        private JsonPart current = of("");

        private Sequence(Iterator<JsonPart> parts) {
            this.parts = parts;
        }

        @Override
        public boolean write(StringBuilder out, int length) {
            while (current.write(out, length)) {
                if (!parts.hasNext()) {
                    return true;
                }
                current = parts.next();
            }
            return false;
        }
    }
}
