package dev.baton.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of a model by their bytes, as a tree in preorder. A special token has no text: it is spelled with a byte
 * before and after it that no UTF-8 has, so that text never is one. Immutable but for what it remembers; any thread.
 */
public final class Vocabulary {
    private static final int BEFORE = 0xFF;
    private static final int AFTER = 0xFE;

    /** That are kept, each of some 35 masks. */
    private static final int MOST_RUNS = 16;

    private final int size;
    private final byte[][] tokens;
    /** By node: the byte that leads to it, its depth from 1, and the node after all those below it. */
    private final byte[] bytes;

    private final short[] depths;
    private final int[] ends;
    /** By node: where its tokens begin in {@code ids}; one more at the end. */
    private final int[] first;

    private final int[] ids;

    private final Map<Run.Chars, Run> runs = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Run.Chars, Run> eldest) {
            return size() > MOST_RUNS;
        }
    };

    /**
     * @param text by id: the bytes that a token adds to a text; null for tokens that add none
     * @param special spelling of special tokens by id
     */
    public Vocabulary(List<byte @Nullable []> text, Map<Integer, String> special) {
        this.size = text.size();
        this.tokens = new byte[size][];
        List<Integer> order = new ArrayList<>();
        for (int id = 0; id < size; id++) {
            String spelling = special.get(id);
            byte[] spelled = spelling != null ? spelledOut(spelling) : text.get(id);
            if (spelled != null && spelled.length > 0 && spelled.length < Short.MAX_VALUE) {
                tokens[id] = spelled;
                order.add(id);
            }
        }
        order.sort(Comparator.<Integer, byte[]>comparing(id -> tokens[id], Arrays::compareUnsigned));
        int nodes = 0;
        byte[] before = {};
        for (int id : order) {
            nodes += tokens[id].length - shared(before, tokens[id]);
            before = tokens[id];
        }
        this.bytes = new byte[nodes];
        this.depths = new short[nodes];
        this.ends = new int[nodes];
        this.first = new int[nodes + 1];
        this.ids = order.stream().mapToInt(Integer::intValue).toArray();
        fill();
    }

    private void fill() {
        int[] open = new int[Short.MAX_VALUE];
        int node = -1;
        byte[] before = {};
        for (int i = 0; i < ids.length; i++) {
            byte[] token = tokens[ids[i]];
            int same = shared(before, token);
            for (int depth = before.length; depth > same; depth--) {
                ends[open[depth]] = node + 1;
            }
            for (int depth = same + 1; depth <= token.length; depth++) {
                node++;
                open[depth] = node;
                bytes[node] = token[depth - 1];
                depths[node] = (short) depth;
                first[node] = i;
            }
            before = token;
        }
        for (int depth = before.length; depth > 0; depth--) {
            ends[open[depth]] = node + 1;
        }
        first[node + 1] = ids.length;
    }

    private static int shared(byte[] one, byte[] other) {
        int same = Arrays.mismatch(one, other);
        return same < 0 ? one.length : same;
    }

    static byte[] spelledOut(String special) {
        byte[] text = special.getBytes(StandardCharsets.UTF_8);
        byte[] spelled = new byte[text.length + 2];
        spelled[0] = (byte) BEFORE;
        System.arraycopy(text, 0, spelled, 1, text.length);
        spelled[spelled.length - 1] = (byte) AFTER;
        return spelled;
    }

    /** One more than the largest id. */
    public int size() {
        return size;
    }

    /** How the token is spelled; empty when it cannot be a part of any text. */
    byte[] spelling(int token) {
        byte[] spelled = token >= 0 && token < size ? tokens[token] : null;
        return spelled == null ? new byte[0] : spelled;
    }

    boolean knows(Run.Chars chars) {
        synchronized (runs) {
            return runs.containsKey(chars);
        }
    }

    /** The tokens of such characters; found when it is first asked for. */
    Run run(Run.Chars chars) {
        synchronized (runs) {
            return runs.computeIfAbsent(chars, of -> new Run(this, of));
        }
    }

    int nodes() {
        return bytes.length;
    }

    int byteOf(int node) {
        return bytes[node] & 0xFF;
    }

    int depth(int node) {
        return depths[node];
    }

    /** The node after all those below this one. */
    int end(int node) {
        return ends[node];
    }

    int firstToken(int node) {
        return first[node];
    }

    int tokenAt(int place) {
        return ids[place];
    }
}
