package dev.baton.engine.sampling;

import java.util.Arrays;

/** Tokens of one sequence, for the penalties: those of its prompt, and how often each was generated. */
public final class TokenCounts {
    private int[] tokens = new int[16];
    private int[] generated = new int[16];
    /** Open addressing: positions in {@code tokens} plus one, 0 where free; at most half is taken. */
    private int[] places = new int[64];

    private int size;

    /** @param known tokens of the prompt, {@code prompt} of them, then those accepted from an earlier attempt */
    public TokenCounts(int[] known, int prompt) {
        for (int i = 0; i < known.length; i++) {
            if (i < prompt) {
                position(known[i]);
            } else {
                add(known[i]);
            }
        }
    }

    /** A token was generated. */
    public void add(int token) {
        int position = position(token);
        generated[position]++;
    }

    /** Distinct tokens seen. */
    int size() {
        return size;
    }

    int token(int position) {
        return tokens[position];
    }

    /** How often it was generated; 0 when only the prompt has it. */
    int generated(int position) {
        return generated[position];
    }

    private int position(int token) {
        int place = place(token);
        if (places[place] == 0) {
            if (size == tokens.length) {
                grow();
                place = place(token);
            }
            tokens[size] = token;
            places[place] = ++size;
        }
        return places[place] - 1;
    }

    private int place(int token) {
        int mask = places.length - 1;
        int place = (token * 0x9E3779B9) >>> 7 & mask;
        while (places[place] != 0 && tokens[places[place] - 1] != token) {
            place = place + 1 & mask;
        }
        return place;
    }

    private void grow() {
        tokens = Arrays.copyOf(tokens, 2 * size);
        generated = Arrays.copyOf(generated, 2 * size);
        places = new int[4 * tokens.length];
        for (int position = 0; position < size; position++) {
            places[place(tokens[position])] = position + 1;
        }
    }
}
