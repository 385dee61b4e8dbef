package dev.baton.worker;

import com.google.protobuf.Message;
import dev.baton.cluster.lanes.LaneConsumer.LaneRecord;
import dev.baton.cluster.lanes.LaneHandler;
import dev.baton.control.fairness.FairOrder;
import dev.baton.control.fairness.TenantWeight;
import dev.baton.engine.Engine;
import dev.baton.engine.schedule.Room;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.KnownTokens;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Progress;
import dev.baton.worker.StepFrameBatcher.ProgressMessages;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records of the lane from when they are read until they are claimed. A record is claimed when the engine has room for it,
 * or few wait there, so that it never idles; the others are not done, and so Kafka keeps them, and what comes after
 * {@code baton.lanes.outstanding} of them is not read. Whoever waits here hears its place now and then; a record that expires,
 * is cancelled, or meets a draining worker is declined within a {@linkplain #TICK tick}. One thread owns the order.
 */
final class RecordQueue<T extends Message> implements LaneHandler<T>, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RecordQueue.class);

    /** Claimed sequences that may wait for the engine's blocks: what it needs to go on with while more are claimed. */
    static final int LOOK_AHEAD = 8;

    static final Duration TICK = Duration.ofMillis(100);
    private static final Duration NEWS_EVERY = Duration.ofMillis(500);
    private static final Duration END_LIMIT = Duration.ofSeconds(5);

    private final WorkerRole<T> role;
    private final Claims claims;
    private final Engine engine;
    private final StepFrameBatcher frames;
    private final Queue<LaneRecord<T>> read = new ConcurrentLinkedQueue<>();
    private final FairOrder<Waiting<T>> order;
    /** Claims under way: sequences that the engine may not know yet. */
    private final Map<LaneRecord<T>, Claim> claiming = new ConcurrentHashMap<>();

    private final LongSupplier nanoTime;
    private final Runnable waker;
    private final @Nullable Thread thread;
    private volatile Size size = Size.NONE;
    private volatile boolean closed;

    private long sweptAt;
    private long newsAt;
    private long moves;

    /**
     * Records that wait to be claimed.
     *
     * @param tokens of their prompts, together; of one that is scored, what it takes of a step
     * @param forLater those of work for later
     * @param tokensForLater of the prompts of these
     * @param oldestClaim age of the oldest claim under way
     */
    record Size(int records, int tokens, int forLater, int tokensForLater, Duration oldestClaim) {
        static final Size NONE = new Size(0, 0, 0, 0, Duration.ZERO);
    }

    /** A claim under way, since {@link System#nanoTime}, of a sequence that begins with so many blocks. */
    private record Claim(int blocks, long since) {}

    /** A record that waits. */
    private static final class Waiting<T> implements FairOrder.Entry {
        private final LaneRecord<T> record;
        private final Generation generation;
        private final AttemptKey key;

        Waiting(LaneRecord<T> record, Generation generation) {
            this.record = record;
            this.generation = generation;
            this.key = AttemptKey.of(generation);
        }

        @Override
        public Object tenant() {
            return generation.getTenantSalt();
        }

        @Override
        public int priority() {
            return generation.getPriority();
        }

        @Override
        public int weight() {
            return TenantWeight.of(generation);
        }

        @Override
        public long work() {
            return tokens();
        }

        int tokens() {
            return KnownTokens.count(generation);
        }
    }

    RecordQueue(WorkerRole<T> role, Claims claims, Engine engine, StepFrameBatcher frames) {
        this.role = role;
        this.claims = claims;
        this.engine = engine;
        this.frames = frames;
        this.order = new FairOrder<>(engine.shares());
        this.nanoTime = System::nanoTime;
        this.sweptAt = nanoTime.getAsLong();
        this.newsAt = sweptAt;
        this.waker = this::unpark;
        this.thread = Thread.ofPlatform().name("records").daemon(true).start(this::run);
    }

    /** Without a thread of its own: whoever is told by {@code waker} calls {@link #round}, and again within {@link #TICK}. */
    RecordQueue(
            WorkerRole<T> role,
            Claims claims,
            Engine engine,
            StepFrameBatcher frames,
            LongSupplier nanoTime,
            Runnable waker) {
        this.role = role;
        this.claims = claims;
        this.engine = engine;
        this.frames = frames;
        this.order = new FairOrder<>(engine.shares());
        this.nanoTime = nanoTime;
        this.sweptAt = nanoTime.getAsLong();
        this.newsAt = sweptAt;
        this.waker = waker;
        this.thread = null;
    }

    /** Any thread. */
    Size size() {
        return size;
    }

    @Override
    public void handle(LaneRecord<T> record) {
        read.add(record);
        wake();
    }

    @Override
    public void dead(T value, String why) {
        claims.dead(role.generation(value), why);
    }

    /** The engine may have room now. Any thread. */
    void roomChanged() {
        if (size.records() > 0) {
            wake();
        }
    }

    private void wake() {
        waker.run();
    }

    private void unpark() {
        LockSupport.unpark(thread);
    }

    /** Whether time alone may bring something to do. */
    boolean idle() {
        return claiming.isEmpty() && size.equals(Size.NONE);
    }

    /** Looks at all that waits, once. */
    void round() {
        takeRead();
        sweep(TICK);
        measure(); // before the room is looked at, so that a change is not missed from then on
        claimWhatFits();
        measure();
        tellWaiting();
    }

    private void run() {
        while (!closed) {
            try {
                round();
            } catch (RuntimeException e) {
                LOG.error("A round over the records that wait to be claimed failed", e);
            }
            if (read.isEmpty() && !closed) {
                pause();
            }
        }
        takeRead();
        sweep(Duration.ZERO);
    }

    /** Until there is something new; for no longer than a tick while records wait or are being claimed. */
    private void pause() {
        if (idle()) {
            LockSupport.park(this);
        } else {
            LockSupport.parkNanos(this, TICK.toNanos());
        }
    }

    private void measure() {
        List<Waiting<T>> waiting = order.all();
        long now = nanoTime.getAsLong();
        long oldest = claiming.values().stream()
                .mapToLong(claim -> now - claim.since())
                .max()
                .orElse(0);
        List<Waiting<T>> forLater =
                waiting.stream().filter(each -> each.priority() < 0).toList();
        size = new Size(waiting.size(), tokens(waiting), forLater.size(), tokens(forLater), Duration.ofNanos(oldest));
    }

    /** As far as others wait for them. */
    private int tokens(List<Waiting<T>> waiting) {
        int block = engine.capabilities().layout().blockTokens();
        return waiting.stream()
                .mapToInt(each -> each.generation.getSampling().hasPromptLogprobs()
                        ? Math.min(each.tokens(), block)
                        : each.tokens())
                .sum();
    }

    private void takeRead() {
        for (LaneRecord<T> record = read.poll(); record != null; record = read.poll()) {
            Waiting<T> waiting = new Waiting<>(record, role.generation(record.value()));
            if (!refused(waiting)) {
                order.add(waiting);
            }
        }
    }

    /** Answers what needs not wait for room. */
    private void sweep(Duration every) {
        long now = nanoTime.getAsLong();
        if (now - sweptAt >= every.toNanos()) {
            sweptAt = now;
            order.all().stream().filter(this::refused).forEach(order::remove);
        }
    }

    private boolean refused(Waiting<T> waiting) {
        if (role.cancelled(waiting.key)) {
            waiting.record.done(); // its owner has gone on without it
            return true;
        }
        return claims.refuse(waiting.record, waiting.generation, role.meantFor(waiting.record.value()));
    }

    private void claimWhatFits() {
        Optional<Waiting<T>> next = next();
        while (next.isPresent()) {
            order.take(next.get());
            claim(next.get());
            next = next();
        }
    }

    private Optional<Waiting<T>> next() {
        // Claims first: one that has reached the engine meanwhile counts twice rather than not at all.
        List<Claim> claims = List.copyOf(claiming.values());
        Room room = engine.room()
                .less(claims.size(), claims.stream().mapToInt(Claim::blocks).sum());
        return order.next(waiting -> role.mayBegin(waiting.record.value()))
                .filter(waiting -> room.waiting() < LOOK_AHEAD || room.has(blocks(waiting.generation)));
    }

    private void claim(Waiting<T> waiting) {
        claiming.put(waiting.record, new Claim(blocks(waiting.generation), nanoTime.getAsLong()));
        waiting.record.whenEnded(() -> {
            claiming.remove(waiting.record);
            order.begun(waiting);
            roomChanged();
        });
        try {
            role.take(waiting.record);
        } catch (RuntimeException | Error e) {
            LOG.warn("The record of {} could not be handled", waiting.key.requestId(), e);
            waiting.record.fail(e.toString());
        }
    }

    private int blocks(Generation generation) {
        return Room.blocksOf(generation, engine.capabilities().layout().blockTokens());
    }

    /** Tells owners how many are ahead, and whether these are worked on. */
    private void tellWaiting() {
        long now = nanoTime.getAsLong();
        if (now - newsAt < NEWS_EVERY.toNanos()) {
            return;
        }
        newsAt = now;
        if (role.activeAttempts() > 0) {
            moves = engine.load().turns();
        }
        int ahead = engine.room().waiting() + claiming.size();
        Map<GatewayRef, List<Progress>> news = new HashMap<>();
        for (Waiting<T> waiting : order.all()) {
            ProgressMessages progress = new ProgressMessages(waiting.generation);
            news.computeIfAbsent(progress.gateway(), first -> new ArrayList<>()).add(progress.queued(ahead, moves));
            ahead++;
        }
        news.forEach(frames::sendNow);
    }

    /** A worker that ends drains before: what still waits is declined. */
    @Override
    public void close() {
        closed = true;
        wake();
        try {
            if (thread != null && !thread.join(END_LIMIT)) {
                LOG.warn("The thread of waiting records has not ended within {}", END_LIMIT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
