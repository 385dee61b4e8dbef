package dev.baton.engine.schedule;

import dev.baton.kv.BlockHash;
import dev.baton.kv.BlockTable;
import dev.baton.kv.PrefixHasher;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * A sequence of tokens in a {@link Scheduler}, which alone changes it. What runs the scheduler extends it with fields of its
 * own.
 */
public class Sequence {
    private final Goal goal;
    private final Terms terms;
    private final PrefixHasher hasher;
    private final List<BlockHash> names = new ArrayList<>();
    private final BlockTable table;
    private int[] tokens;
    private int length;

    Phase phase = Phase.QUEUED;
    long share;
    long arrival;
    int computed;
    int named;
    int cachedTokens;
    int reservedFrom;
    long expires;
    boolean waitsForKv;
    boolean released;
    boolean started;
    /** Others that got blocks before it while it was the head of the queue and waited for its own. */
    int passed;

    /**
     * Priority, deadline and tenant of a sequence, which decide the order.
     *
     * @param priority larger goes first within a tenant; below 0 it is work for later
     * @param deadlineMillis on the time line of {@link Scheduler#takeExpired}, {@link Long#MAX_VALUE} for none
     * @param tenant those who share a tenant share its part of the engine
     * @param weight of the tenant: one of twice the weight gets twice the work done while both wait
     */
    public record Terms(int priority, long deadlineMillis, Object tenant, int weight) {
        /** Work for later: it goes after all that is not, of whatever tenant. */
        boolean later() {
            return priority < 0;
        }
    }

    /** @param known tokens to start from, handed over: the prompt and what was accepted after it */
    protected Sequence(Goal goal, Terms terms, int[] known, PrefixHasher hasher, int blockTokens) {
        if (known.length == 0) {
            throw new IllegalArgumentException("a sequence needs at least one token");
        }
        this.goal = goal;
        this.terms = terms;
        this.expires = terms.deadlineMillis();
        this.waitsForKv = goal.waitsForKv();
        this.tokens = known;
        this.length = known.length;
        this.hasher = hasher;
        this.table = new BlockTable(blockTokens);
    }

    public final Goal goal() {
        return goal;
    }

    public final Terms terms() {
        return terms;
    }

    public final Phase phase() {
        return phase;
    }

    /** Whether each of its rows has to be computed here, and their logits kept for a while, before its next token is made. */
    protected boolean scoresPrompt() {
        return false;
    }

    /** Tokens known so far. */
    public final int length() {
        return length;
    }

    public final int token(int index) {
        return tokens[index];
    }

    /** The tokens themselves, {@link #length()} of them, then room for more. */
    final int[] known() {
        return tokens;
    }

    public final int[] tokens(int from, int to) {
        return Arrays.copyOfRange(tokens, from, to);
    }

    /** Tokens whose KV is in the blocks. */
    public final int computed() {
        return computed;
    }

    /** Tokens that were found in the pool instead of computed. */
    public final int cachedTokens() {
        return cachedTokens;
    }

    public final BlockTable table() {
        return table;
    }

    /** Blocks that were reserved for KV to come, after those that the sequence shares. */
    public final int[] reserved() {
        return table.from(reservedFrom);
    }

    final List<BlockHash> names() {
        hasher.extend(names, at -> tokens[at], length);
        return Collections.unmodifiableList(names);
    }

    final void append(int token) {
        if (length == tokens.length) {
            tokens = Arrays.copyOf(tokens, length + Math.max(16, length / 2));
        }
        tokens[length++] = token;
    }
}
