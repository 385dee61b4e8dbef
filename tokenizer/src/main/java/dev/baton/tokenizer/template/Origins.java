package dev.baton.tokenizer.template;

import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which characters of the strings of one rendering come from the request, and which from the template. Strings are told
 * apart by identity and not kept alive; {@code safe} and {@code escape} also mark them as markup. One that is not known here counts as the request's: a step whose result is not
 * followed makes text less trusted, never more.
 */
final class Origins {
    private static final BitSet NOTHING = new BitSet(0);

    private final Map<Key, BitSet> known = new HashMap<>();
    private final Set<Key> markup = new HashSet<>();
    private final ReferenceQueue<String> collected = new ReferenceQueue<>();

    private static final class Key extends WeakReference<String> {
        private final int hash;

        Key(String text, @Nullable ReferenceQueue<String> queue) {
            super(text, queue);
            this.hash = System.identityHashCode(text);
        }

        @Override
        public int hashCode() {
            return hash;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            if (this == other) {
                return true;
            }
            String text = get();
            return text != null && other instanceof Key key && key.get() == text;
        }
    }

    /** Takes note that the template wrote the whole string. */
    String own(String text) {
        return mark(text, NOTHING);
    }

    /** @param request the characters that the request gave; not changed afterwards */
    String mark(String text, BitSet request) {
        for (Reference<? extends String> key = collected.poll(); key != null; key = collected.poll()) {
            known.remove(key);
            markup.remove(key);
        }
        known.putIfAbsent(new Key(text, collected), request);
        return text;
    }

    /** The same text as markup: a string of its own, of the same origins. */
    String markup(String text) {
        String marked = new String(text);
        BitSet request = known(text);
        if (request != null) {
            mark(marked, request);
        }
        markup.add(new Key(marked, collected));
        return marked;
    }

    boolean isMarkup(String text) {
        return markup.contains(new Key(text, null));
    }

    private @Nullable BitSet known(String text) {
        return known.get(new Key(text, null));
    }

    /** Whether the request gave none of it. Numbers and flags cannot spell anything. */
    boolean isOwn(Object value) {
        return switch (value) {
            case String s -> {
                BitSet request = known(s);
                yield s.isEmpty() || request != null && request.isEmpty();
            }
            case Long n -> true;
            case Double d -> true;
            case Boolean b -> true;
            case None n -> true;
            case Undefined u -> true;
            default -> false;
        };
    }

    /** Adds what is known of {@code text[from, to)} to {@code target}, from {@code at} on. */
    void copy(String text, int from, int to, BitSet target, int at) {
        BitSet request = known(text);
        if (request == null) {
            target.set(at, at + to - from);
            return;
        }
        for (int i = request.nextSetBit(from); i >= 0 && i < to; ) {
            int end = Math.min(request.nextClearBit(i), to);
            target.set(at + i - from, at + end - from);
            i = request.nextSetBit(end);
        }
    }

    /** The string is what stands in {@code source} from {@code from} on. */
    String part(String source, int from, String part) {
        if (part == source || part.isEmpty() || known(source) == null) {
            return part;
        }
        BitSet request = new BitSet(part.length());
        copy(source, from, from + part.length(), request, 0);
        return mark(part, request);
    }

    /** Parts that stand in {@code source} one after the other, {@code gap} characters at least between them. */
    void parts(String source, List<?> parts, int gap) {
        if (known(source) == null) {
            return;
        }
        int from = 0;
        for (Object part : parts) {
            int at = part instanceof String text ? source.indexOf(text, from) : -1;
            if (at < 0) {
                return;
            }
            String text = (String) part;
            part(source, at, text);
            from = at + text.length() + gap;
        }
    }

    /** The string is as long as {@code source}, each character made from the one at its place. */
    String mapped(String source, String result) {
        return source.length() == result.length() ? part(source, 0, result) : derived(result, source);
    }

    /** A string made from values in a way that is not followed: the template's only when all of them are. */
    String derived(String result, Object... values) {
        for (Object value : values) {
            if (!isOwn(value)) {
                return result;
            }
        }
        return own(result);
    }
}
