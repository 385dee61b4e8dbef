package dev.baton.engine.schedule;

import dev.baton.control.fairness.FairShare;
import dev.baton.engine.schedule.StepPlan.Chunk;
import dev.baton.kv.BlockHash;
import dev.baton.kv.BlockLedger;
import dev.baton.kv.BlockPool;
import dev.baton.kv.BlockState;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Decides what each step computes. Prefill, decode and both are goals of its sequences, not kinds of scheduler.
 *
 * <p>A step has {@code stepTokens} rows. Every decoding sequence gets one; what is left goes to prompts in order of
 * their rank, in chunks that end on block boundaries or at the prompt's end. So prompts slow running answers by the
 * budget at most, and however long a prompt is, a step with a full batch still has room for one block of it.
 *
 * <p>Rank is priority, then fair share, then arrival; deadlines end sequences but do not move them. By fair share the
 * tenant goes first who has had the fewest rows computed; with one tenant that is first come, first served. While the head
 * of the queue waits for blocks, a few much smaller sequences may take those that are too few for it
 * ({@link WaitingQueue#passing}): long prompts do not starve.
 *
 * <p>Work for later (a priority below 0) goes after all else. While a prompt that is not for later is computed, its answers
 * stand back, so that the step takes no longer by them, in all but one of {@value #MOST_STOOD_BACK} steps or so. Its
 * prompts have a quarter of a step at most.
 *
 * <p>When a running sequence needs a block and none can be had, the lowest ranked sequence that runs to its end here is
 * preempted: its blocks are released (full ones stay as cache while there is room) and it is queued to be computed
 * again. So are sequences of lower priority when the head of the queue finds no room. Sequences whose blocks others read
 * or write are never preempted.
 */
public final class Scheduler<S extends Sequence> {
    /** In one of so many steps answers for later go on, however many prompts there are: nobody takes them for lost. */
    private static final int MOST_STOOD_BACK = 15;

    private final BlockPool pool;
    private final PrefixCache cache;
    private final ScheduleSettings settings;
    private final TreeSet<S> prefilling = new TreeSet<>(WaitingQueue.RANK);
    private final TreeSet<S> decoding = new TreeSet<>(WaitingQueue.RANK);
    private final TreeSet<S> holding = new TreeSet<>(WaitingQueue.RANK);
    private final Reservations<S> reservations;
    private final Expiry<S> expiry = new Expiry<>();
    private final FairShare shares = new FairShare();
    private long tokenCost = 1;
    /** Steps in a row in which work for later stood back. */
    private int stoodBack;

    private final WaitingQueue<S> queue = new WaitingQueue<>(shares);
    private final Preemption<S> preemption;
    private final Starts<S> starts;
    private long arrivals;

    /** A scheduler over a pool whose memory remembers nothing. */
    public Scheduler(BlockPool pool, ScheduleSettings settings) {
        this(pool, settings, BlockLedger.NONE, false);
    }

    /** @param verify whether the bytes of shared blocks are compared with their digests before they are used */
    public Scheduler(BlockPool pool, ScheduleSettings settings, BlockLedger ledger, boolean verify) {
        this.pool = pool;
        this.cache = new PrefixCache(pool, ledger, settings, verify);
        this.settings = settings;
        this.reservations = new Reservations<>(pool, cache);
        this.preemption =
                new Preemption<>(pool, cache, queue, prefilling, decoding, reservations, settings.maxSequences());
        this.starts = new Starts<>(settings, pool, cache, shares, queue, prefilling, reservations, preemption);
    }

    /** What was computed for each tenant, for those who decide what comes here. */
    public FairShare shares() {
        return shares;
    }

    /** From now on a token of an answer counts as so many of a prompt, at least 1. */
    public void tokenCosts(long promptTokens) {
        tokenCost = Math.max(1, promptTokens);
    }

    /** True when the pool, all of it, can hold what the sequence needs to make its next token. */
    public boolean fits(S sequence) {
        int tokens = sequence.goal().handsOver() ? sequence.length() : sequence.length() + 1;
        return blocksFor(tokens) <= pool.blocks();
    }

    /** Queues a new sequence. */
    public void enqueue(S sequence) {
        sequence.arrival = arrivals++;
        queue.add(sequence);
        expiry.add(sequence);
    }

    /** Decides the next step and takes the blocks for it. */
    public StepPlan<S> plan() {
        StepPlan<S> plan = new StepPlan<>(
                new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        boolean standsBack = stoodBack < MOST_STOOD_BACK && promptsThatCannotWait();
        stoodBack = standsBack ? stoodBack + 1 : 0;
        decode(plan, sequence -> !standsBack || !sequence.terms().later());
        planPrefill(plan);
        if (standsBack) {
            goOnWhereNoPromptIsComputed(plan);
        }
        return plan;
    }

    /** Gives blocks to queued sequences that wait for KV, in the queue's order. Safe between two layers of a step. */
    public List<S> reserveWaiting() {
        return starts.reserveWaiting();
    }

    private void decode(StepPlan<S> plan, Predicate<S> which) {
        for (S sequence : WaitingQueue.order(decoding)) {
            if (sequence.phase == Phase.DECODING && which.test(sequence) && preemption.grow(sequence, plan)) {
                plan.chunks().add(new Chunk<>(sequence, sequence.computed, sequence.length(), true));
            }
        }
    }

    private void planPrefill(StepPlan<S> plan) {
        Iterator<S> running = WaitingQueue.order(prefilling).iterator();
        S next = nextOf(running);
        boolean mayStart = plan.preempted().isEmpty();
        while (true) {
            plan.reserved().addAll(starts.reserveWaiting());
            S sequence = next;
            S head = queue.first();
            if (mayStart
                    && head != null
                    && !plan.preempted().contains(head)
                    && (next == null || WaitingQueue.goesBefore(head, next))) {
                sequence = starts.start(head, plan);
                mayStart = sequence != null;
            } else {
                next = nextOf(running);
            }
            if (sequence == null) {
                if (next == null) {
                    return;
                }
                continue;
            }
            int to = sequence.phase == Phase.PREFILLING ? chunkEnd(sequence, plan) : 0;
            if (to > sequence.computed) {
                plan.chunks().add(new Chunk<>(sequence, sequence.computed, to, to == sequence.length()));
            }
        }
    }

    /** The prompt found no room: answers for later stand back for nothing, those first that need no new block. */
    private void goOnWhereNoPromptIsComputed(StepPlan<S> plan) {
        if (plan.chunks().stream()
                .anyMatch(chunk -> chunk.sequence().phase == Phase.PREFILLING
                        && !chunk.sequence().terms().later())) {
            return;
        }
        for (S sequence : WaitingQueue.order(decoding)) {
            if (sequence.terms().later()
                    && sequence.length() <= sequence.table().capacity()
                    && plan.rows() < settings.stepTokens()) {
                plan.chunks().add(new Chunk<>(sequence, sequence.computed, sequence.length(), true));
            }
        }
        if (plan.isEmpty()) {
            // All of them need a block, and nothing else is computed: the engine would stand still.
            decode(plan, sequence -> sequence.terms().later());
        }
    }

    /** Somebody waits for a first token. */
    private boolean promptsThatCannotWait() {
        S head = queue.first();
        return (head != null && !head.waitsForKv && !head.terms().later())
                || prefilling.stream().anyMatch(sequence -> !sequence.terms().later());
    }

    private static <T> @Nullable T nextOf(Iterator<T> iterator) {
        return iterator.hasNext() ? iterator.next() : null;
    }

    /** Prompts for later take a quarter of a step at most: whoever comes meanwhile waits for the step to end. */
    private int rowsForLater(StepPlan<S> plan) {
        int most = Math.max(settings.blockTokens(), settings.stepTokens() / 4);
        return most
                - plan.chunks().stream()
                        .filter(chunk -> chunk.sequence().phase == Phase.PREFILLING
                                && chunk.sequence().terms().later())
                        .mapToInt(Chunk::rows)
                        .sum();
    }

    private int chunkEnd(S sequence, StepPlan<S> plan) {
        int left = settings.stepTokens() - plan.rows();
        int reach = sequence.computed + (sequence.terms().later() ? Math.min(left, rowsForLater(plan)) : left);
        if (sequence.scoresPrompt()) {
            // A row of logits is large: one block of them is held at a time.
            boolean another =
                    plan.chunks().stream().anyMatch(chunk -> chunk.sequence().scoresPrompt());
            reach = another ? sequence.computed : Math.min(reach, sequence.computed + settings.blockTokens());
        }
        return reach >= sequence.length() ? sequence.length() : reach - reach % settings.blockTokens();
    }

    /**
     * A chunk of the plan has been computed: its full blocks can be found from now on, those of a sequence's last chunk
     * when {@link #append} says that they are good.
     */
    public void computed(Chunk<S> chunk) {
        S sequence = chunk.sequence();
        sequence.computed = chunk.to();
        if (!chunk.last()) {
            cache.publish(sequence);
            cache.giveBack(sequence);
        }
    }

    /**
     * How many of {@code wanted} tokens after a decoding sequence's last one have a place in its blocks. It is given one block
     * more where that is nobody's: what does not fit without is not worth a cached block.
     */
    public int roomBeyond(S sequence, int wanted) {
        int room = sequence.table().capacity() - sequence.length();
        if (room < wanted && pool.count(BlockState.FREE) > running() + queue.size()) {
            sequence.table().append(cache.forget(pool.allocate(1).orElseThrow()));
            room = sequence.table().capacity() - sequence.length();
        }
        return Math.clamp(room, 0, wanted);
    }

    /** The sequence's last token was guessed, and its row is computed: the next token can be drawn. */
    public void guessed(S sequence) {
        if (sequence.computed != sequence.length() - 1) {
            throw new IllegalStateException(
                    "%d of %d tokens are computed".formatted(sequence.computed, sequence.length()));
        }
        sequence.computed++;
    }

    /** What was computed for the sequence turned out to be broken: its blocks are not shared from now on. */
    public void distrust(S sequence) {
        cache.distrust(sequence);
    }

    /** Names of the sequence's blocks that others can find, a whole chain from its first block. */
    public List<BlockHash> findable(S sequence) {
        return cache.chain(sequence);
    }

    /**
     * The token after a sequence's last chunk is known: the sequence decodes on or holds its blocks, as its goal says.
     *
     * @return whether a block of it became full and can be found
     */
    public boolean append(S sequence, int token) {
        if (sequence.phase != Phase.PREFILLING && sequence.phase != Phase.DECODING) {
            throw new IllegalStateException("a token for a sequence that is " + sequence.phase);
        }
        boolean filled = cache.publish(sequence);
        cache.giveBack(sequence);
        sequence.append(token);
        if (sequence.phase == Phase.DECODING) {
            shares.charge(sequence.terms().tenant(), sequence.terms().weight(), tokenCost);
            return filled;
        }
        prefilling.remove(sequence);
        if (!sequence.goal().handsOver()) {
            sequence.phase = Phase.DECODING;
            decoding.add(sequence);
        } else if (sequence.released) {
            free(sequence);
        } else {
            sequence.phase = Phase.HOLDING;
            holding.add(sequence);
        }
        return filled;
    }

    /**
     * Remembers the open blocks of those of the sequences that make tokens: call when a step is computed, before any listener
     * gets a token of it.
     */
    public void record(List<S> computed) {
        cache.recordOpenBlocks(computed.stream()
                .filter(sequence -> sequence.phase == Phase.DECODING)
                .toList());
    }

    /** Blocks whose bytes were found changed since the last call; they are given up. */
    public int takeDropped() {
        return cache.takeDropped();
    }

    /** All KV of a reserved sequence is in its blocks, and {@code token} follows it: the sequence decodes from now on. */
    public void arrived(S sequence, int token) {
        if (sequence.goal().handsOver()) {
            throw new IllegalStateException(
                    "a token for a sequence that draws its own: its goal is " + sequence.goal());
        }
        reservations.activate(sequence);
        sequence.computed = sequence.length();
        cache.publish(sequence);
        sequence.append(token);
        sequence.phase = Phase.DECODING;
        decoding.add(sequence);
    }

    /**
     * KV of the first {@code tokens} of a reserved sequence is in its blocks, and no more of it will come: the sequence
     * computes the rest, its last token always, for that row gives the next token's logits.
     */
    public void arrivedInPart(S sequence, int tokens) {
        reservations.activate(sequence);
        sequence.computed = Math.clamp(tokens, sequence.computed, sequence.length() - 1);
        cache.publish(sequence);
        starts.serve(sequence, sequence.length() - sequence.computed);
        sequence.phase = Phase.PREFILLING;
        prefilling.add(sequence);
    }

    /** Ends a sequence wherever it is. Blocks into which somebody may write are quarantined until {@link #release}. */
    public void end(S sequence) {
        switch (sequence.phase) {
            case QUEUED -> {
                queue.remove(sequence);
                free(sequence);
            }
            case PREFILLING -> {
                prefilling.remove(sequence);
                free(sequence);
            }
            case DECODING -> {
                decoding.remove(sequence);
                free(sequence);
            }
            case HOLDING -> {
                holding.remove(sequence);
                free(sequence);
            }
            case RESERVED -> {
                reservations.quarantine(sequence);
                expiry.remove(sequence);
            }
            case QUARANTINED, ENDED -> {}
        }
    }

    private void free(S sequence) {
        pool.release(sequence.table().clear());
        expiry.remove(sequence);
        sequence.phase = Phase.ENDED;
    }

    /** No other worker reads or writes the sequence's blocks any more. */
    public void release(S sequence) {
        switch (sequence.phase) {
            case HOLDING -> end(sequence);
            case QUARANTINED -> reservations.endQuarantine(sequence);
            case QUEUED, RESERVED, PREFILLING -> sequence.released = true;
            case DECODING, ENDED -> {}
        }
    }

    /** Sets when {@link #takeExpired} is to name the sequence; at first its deadline. */
    public void expireAt(S sequence, long millis) {
        expiry.move(sequence, millis);
    }

    /** Sequences that have expired, each named once; the caller ends them. */
    public List<S> takeExpired(long nowMillis) {
        return expiry.take(nowMillis);
    }

    /** When the next sequence expires, {@link Long#MAX_VALUE} for never. */
    public long nextExpiry() {
        return expiry.next();
    }

    /** Sequences that run at one time, at most. */
    public int places() {
        return settings.maxSequences();
    }

    /** Sequences that wait for blocks. */
    public int queued() {
        return queue.size();
    }

    /** Whether sequences wait for blocks while none holds any that it could give back. */
    public boolean stalled() {
        return queue.size() > 0
                && running() == 0
                && holding.isEmpty()
                && reservations.stream().findAny().isEmpty();
    }

    /** Those that wait for blocks, about in the order in which they get them. */
    public List<S> waiting() {
        return queue.stream().sorted(WaitingQueue.RANK).toList();
    }

    /** What is left when all that wait have got their blocks. */
    public Room room() {
        int blocks = queue.stream()
                .mapToInt(sequence -> blocksFor(sequence.length()))
                .sum();
        return preemption.room().less(queue.size(), blocks);
    }

    /** Sequences that compute prompts or make tokens. */
    public int running() {
        return prefilling.size() + decoding.size();
    }

    /** Sequences that make a token in every step. */
    public int decoding() {
        return decoding.size();
    }

    /** Of those queued and running, those of work for later. */
    public int forLater() {
        return (int) Stream.of(queue.stream(), prefilling.stream(), decoding.stream())
                .flatMap(sequences -> sequences)
                .filter(sequence -> sequence.terms().later())
                .count();
    }

    /**
     * Prompt tokens that this scheduler has yet to compute, as far as others wait for them: a prompt that is scored takes a
     * block of each step and leaves the rest, so no more of it counts.
     */
    public int uncomputedTokens() {
        return uncomputedTokens(sequence -> true);
    }

    /** Those of work for later. */
    public int uncomputedTokensForLater() {
        return uncomputedTokens(sequence -> sequence.terms().later());
    }

    private int uncomputedTokens(Predicate<S> which) {
        return Stream.concat(queue.stream().filter(sequence -> !sequence.waitsForKv), prefilling.stream())
                .filter(which)
                .mapToInt(sequence -> {
                    int left = sequence.length() - sequence.computed;
                    return sequence.scoresPrompt() ? Math.min(left, settings.blockTokens()) : left;
                })
                .sum();
    }

    private int blocksFor(int tokens) {
        return Math.ceilDiv(tokens, settings.blockTokens());
    }

    /**
     * Checks that the pool is intact and that its blocks are held by these sequences and by leases only.
     *
     * @throws IllegalStateException that says what is wrong
     */
    public void checkIntegrity() {
        new ScheduleCheck(pool)
                .run(Stream.of(
                                queue.stream(),
                                prefilling.stream(),
                                decoding.stream(),
                                holding.stream(),
                                reservations.stream())
                        .flatMap(sequences -> sequences)
                        .toList());
    }
}
