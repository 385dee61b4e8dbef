package dev.baton.engine.schedule;

import dev.baton.engine.schedule.StepPlan.Chunk;
import dev.baton.kv.BlockHash;
import dev.baton.kv.BlockPool;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Decides what each step computes. Prefill, decode and both are goals of its sequences, not kinds of scheduler.
 *
 * <p>A step has {@code stepTokens} rows. Every decoding sequence gets one; what is left goes to prompts in order of
 * their rank, in chunks that end on block boundaries or at the prompt's end. So prompts slow running answers by the
 * budget at most, and however long a prompt is, a step with a full batch still has room for one block of it.
 *
 * <p>Rank is priority, then fair share, then arrival. Fair share is start-time fair queueing over payers: a sequence is
 * tagged with the time at which its payer's earlier work would be done if all payers had equal parts of the engine; with
 * one payer that is first come, first served. The head of the queue is never overtaken by something smaller that would
 * fit: long prompts do not starve.
 *
 * <p>When a running sequence needs a block and none can be had, the lowest ranked sequence that runs to its end here is
 * preempted: its blocks are released (full ones stay as cache while there is room) and it is queued to be computed
 * again. Sequences whose blocks others read or write are never preempted.
 */
public final class Scheduler<S extends Sequence> {
    private static final Comparator<Sequence> RANK = Comparator.comparingInt(
                    (Sequence s) -> s.terms().priority())
            .reversed()
            .thenComparingDouble(s -> s.startTag)
            .thenComparingLong(s -> s.arrival);

    private final BlockPool pool;
    private final PrefixCache cache;
    private final ScheduleSettings settings;
    private final TreeSet<S> queue = new TreeSet<>(RANK);
    private final TreeSet<S> prefilling = new TreeSet<>(RANK);
    private final TreeSet<S> decoding = new TreeSet<>(RANK);
    private final TreeSet<S> parked = new TreeSet<>(RANK);
    private final Expiry<S> expiry = new Expiry<>();
    private final FairShare shares = new FairShare();
    private long arrivals;
    private int reservations;

    public Scheduler(BlockPool pool, ScheduleSettings settings) {
        this.pool = pool;
        this.cache = new PrefixCache(pool, settings.blockTokens());
        this.settings = settings;
    }

    /** True when the pool, all of it, can hold what the sequence needs to make its next token. */
    public boolean fits(S sequence) {
        int tokens = sequence.goal() == Goal.PREFILL ? sequence.length() : sequence.length() + 1;
        return blocksFor(tokens) <= pool.blocks();
    }

    /** Queues a new sequence. */
    public void enqueue(S sequence) {
        sequence.startTag = shares.tag(sequence.terms().payer(), sequence.length());
        sequence.arrival = arrivals++;
        queue.add(sequence);
        expiry.add(sequence);
    }

    /** Decides the next step and takes the blocks for it. */
    public StepPlan<S> plan() {
        StepPlan<S> plan = new StepPlan<>(
                new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        planDecode(plan);
        planPrefill(plan);
        return plan;
    }

    /** Gives blocks to queued sequences that wait for KV, as far as it is their turn. Safe between two layers of a step. */
    public List<S> reserveWaiting() {
        List<S> reserved = new ArrayList<>();
        while (!queue.isEmpty() && queue.first().waitsForKv && reserve(queue.first())) {
            reserved.add(queue.pollFirst());
        }
        return reserved;
    }

    private void planDecode(StepPlan<S> plan) {
        for (S sequence : List.copyOf(decoding)) {
            if (sequence.phase != Phase.DECODING) {
                continue;
            }
            if (!grow(sequence, plan)) {
                continue;
            }
            plan.chunks().add(new Chunk<>(sequence, sequence.computed, sequence.length(), true));
        }
        plan.chunks().removeIf(chunk -> chunk.sequence().phase() != Phase.DECODING);
    }

    /** Makes room for one more token, at others' cost where it must be; false when the sequence does not run this step. */
    private boolean grow(S sequence, StepPlan<S> plan) {
        while (sequence.length() > sequence.table().capacity()) {
            Optional<int[]> block = pool.allocate(1);
            if (block.isPresent()) {
                sequence.table().append(block.get());
                continue;
            }
            Optional<S> victim = victim();
            if (victim.isPresent() && (victim.get() != sequence || othersHoldBlocks(sequence))) {
                preempt(victim.get());
                plan.preempted().add(victim.get());
                if (victim.get() == sequence) {
                    return false;
                }
            } else {
                plan.stuck().add(sequence);
                return false;
            }
        }
        return true;
    }

    private Optional<S> victim() {
        S lowest = null;
        for (TreeSet<S> candidates : List.of(decoding, prefilling)) {
            for (S candidate : candidates.descendingSet()) {
                if (candidate.goal() != Goal.PREFILL) {
                    lowest = lowest == null || RANK.compare(candidate, lowest) > 0 ? candidate : lowest;
                    break;
                }
            }
        }
        return Optional.ofNullable(lowest);
    }

    private boolean othersHoldBlocks(S sequence) {
        return sequence.table().size() < pool.blocks();
    }

    private void preempt(S sequence) {
        decoding.remove(sequence);
        prefilling.remove(sequence);
        pool.release(sequence.table().clear());
        sequence.computed = 0;
        sequence.named = 0;
        sequence.phase = Phase.QUEUED;
        queue.add(sequence);
    }

    private void planPrefill(StepPlan<S> plan) {
        int room = settings.stepTokens() - plan.chunks().size();
        Iterator<S> running = List.copyOf(prefilling).iterator();
        S next = nextOf(running);
        boolean mayStart = plan.preempted().isEmpty();
        while (true) {
            plan.reserved().addAll(reserveWaiting());
            S sequence = next;
            S head = queue.isEmpty() ? null : queue.first();
            if (mayStart && head != null && !head.waitsForKv && (next == null || RANK.compare(head, next) < 0)) {
                mayStart = room >= Math.min(settings.blockTokens(), head.length()) && start(head);
                if (!mayStart) {
                    continue;
                }
                plan.started().add(head);
                sequence = head;
            } else {
                next = nextOf(running);
            }
            if (sequence == null) {
                return;
            }
            int to = chunkEnd(sequence, room);
            if (to > sequence.computed) {
                plan.chunks().add(new Chunk<>(sequence, sequence.computed, to, to == sequence.length()));
                room -= to - sequence.computed;
            }
        }
    }

    private static <T> @Nullable T nextOf(Iterator<T> iterator) {
        return iterator.hasNext() ? iterator.next() : null;
    }

    private int chunkEnd(S sequence, int room) {
        int reach = sequence.computed + room;
        return reach >= sequence.length() ? sequence.length() : reach - reach % settings.blockTokens();
    }

    /** Takes blocks for all known tokens. The last token is always computed: its row gives the next token's logits. */
    private boolean start(S sequence) {
        if (running() + reservations >= settings.maxSequences()) {
            return false;
        }
        int usable = cache.usable(sequence);
        int[] shared = pool.share(sequence.names(), usable);
        int needed = blocksFor(sequence.length()) - usable;
        if (pool.available() < needed + decoding.size()) {
            pool.release(shared);
            return false;
        }
        queue.remove(sequence);
        sequence.table().append(shared);
        sequence.table().append(pool.allocate(needed).orElseThrow());
        sequence.computed = usable * settings.blockTokens();
        sequence.named = usable;
        if (!sequence.started) {
            sequence.cachedTokens = sequence.computed;
            sequence.started = true;
        }
        sequence.phase = Phase.PREFILLING;
        prefilling.add(sequence);
        shares.served(sequence.startTag);
        return true;
    }

    private boolean reserve(S sequence) {
        int needed = blocksFor(sequence.length());
        if (running() + reservations >= settings.maxSequences() || pool.available() < needed + decoding.size()) {
            return false;
        }
        sequence.table().append(pool.reserve(needed).orElseThrow());
        sequence.phase = Phase.RESERVED;
        parked.add(sequence);
        reservations++;
        shares.served(sequence.startTag);
        return true;
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
        }
    }

    /** What was computed for the sequence turned out to be broken: nobody shares its blocks from now on. */
    public void distrust(S sequence) {
        cache.distrust(sequence);
    }

    /** Names of the sequence's blocks that others can find, a whole chain from its first block. */
    public List<BlockHash> findable(S sequence) {
        return cache.chain(sequence);
    }

    /** The token after a sequence's last chunk is known: the sequence decodes on or holds its blocks, as its goal says. */
    public void append(S sequence, int token) {
        if (sequence.phase != Phase.PREFILLING && sequence.phase != Phase.DECODING) {
            throw new IllegalStateException("a token for a sequence that is " + sequence.phase);
        }
        cache.publish(sequence);
        sequence.append(token);
        if (sequence.phase == Phase.DECODING) {
            return;
        }
        prefilling.remove(sequence);
        if (sequence.goal() != Goal.PREFILL) {
            sequence.phase = Phase.DECODING;
            decoding.add(sequence);
        } else if (sequence.released) {
            free(sequence);
        } else {
            sequence.phase = Phase.HOLDING;
            parked.add(sequence);
        }
    }

    /** The KV of a reserved sequence is in its blocks, and {@code token} follows it: the sequence decodes from now on. */
    public void arrived(S sequence, int token) {
        if (sequence.phase != Phase.RESERVED) {
            throw new IllegalStateException("KV for a sequence that is %s, not RESERVED".formatted(sequence.phase));
        }
        parked.remove(sequence);
        reservations--;
        pool.activate(sequence.table().toArray());
        sequence.waitsForKv = false;
        sequence.started = true;
        sequence.computed = sequence.length();
        cache.publish(sequence);
        sequence.append(token);
        sequence.phase = Phase.DECODING;
        decoding.add(sequence);
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
                parked.remove(sequence);
                free(sequence);
            }
            case RESERVED -> {
                pool.quarantine(sequence.table().toArray());
                reservations--;
                expiry.remove(sequence);
                sequence.phase = Phase.QUARANTINED;
            }
            case QUARANTINED, ENDED -> {}
        }
    }

    private void free(S sequence) {
        pool.release(sequence.table().clear());
        expiry.remove(sequence);
        sequence.phase = Phase.ENDED;
    }

    /** Nobody outside reads or writes the sequence's blocks any more. */
    public void release(S sequence) {
        switch (sequence.phase) {
            case HOLDING -> end(sequence);
            case QUARANTINED -> {
                parked.remove(sequence);
                pool.endQuarantine(sequence.table().clear());
                sequence.phase = Phase.ENDED;
            }
            case QUEUED, PREFILLING -> sequence.released = true;
            case RESERVED, DECODING, ENDED -> {}
        }
    }

    /** Sets when {@link #takeExpired} is to name the sequence; at first its deadline. */
    public void expireAt(S sequence, long millis) {
        expiry.move(sequence, millis);
    }

    /** Sequences whose time is over, each named once; the caller ends them. */
    public List<S> takeExpired(long nowMillis) {
        return expiry.take(nowMillis);
    }

    /** When the next sequence expires, {@link Long#MAX_VALUE} for never. */
    public long nextExpiry() {
        return expiry.next();
    }

    /** Sequences that wait for blocks. */
    public int queued() {
        return queue.size();
    }

    /** Sequences that compute prompts or make tokens. */
    public int running() {
        return prefilling.size() + decoding.size();
    }

    /** Sequences that make a token in every step. */
    public int decoding() {
        return decoding.size();
    }

    /** Prompt tokens that this scheduler has yet to compute. */
    public int uncomputedTokens() {
        int tokens = 0;
        for (S sequence : queue) {
            tokens += sequence.waitsForKv ? 0 : sequence.length();
        }
        for (S sequence : prefilling) {
            tokens += sequence.length() - sequence.computed;
        }
        return tokens;
    }

    private int blocksFor(int tokens) {
        return Math.ceilDiv(tokens, settings.blockTokens());
    }

    /**
     * Checks that the pool is intact and that its blocks are held by these sequences and by leases, by nobody else.
     *
     * @throws IllegalStateException that says what is wrong
     */
    public void checkIntegrity() {
        List<S> all = new ArrayList<>(queue);
        all.addAll(prefilling);
        all.addAll(decoding);
        all.addAll(parked);
        new ScheduleCheck(pool).run(all);
    }
}
