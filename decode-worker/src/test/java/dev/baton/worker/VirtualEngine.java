package dev.baton.worker;

import dev.baton.control.fairness.FairShare;
import dev.baton.engine.Engine;
import dev.baton.engine.EngineCapabilities;
import dev.baton.engine.EngineCommand;
import dev.baton.engine.EngineLoad;
import dev.baton.engine.schedule.Room;
import dev.baton.explorer.Life;
import dev.baton.kv.CacheForecast;
import dev.baton.kv.KvDtype;
import dev.baton.kv.KvLayout;
import dev.baton.kv.LayerGroup;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** An engine's thread: sequences wait, run together step by step, and what a step has goes out at its end. */
final class VirtualEngine implements Engine {
    private static final int PLACES = 8;
    private static final CacheForecast NO_FORECAST = new CacheForecast(0, 0, 0, 0);
    static final int BLOCK = 64;
    private static final int BLOCKS = 256;
    private static final Duration NEWS_EVERY = Duration.ofMillis(500);

    private final EngineCapabilities capabilities;
    private final Life life;
    private final Life.Track thread;
    private final StepFrameBatcher frames;
    private final Deque<Run> waiting = new ArrayDeque<>();
    private final List<Run> running = new ArrayList<>();
    private final FairShare shares = new FairShare();
    private Runnable whenRoomChanges = () -> {};
    private boolean stepping;
    private long turns;
    private long newsAt;

    /** A sequence, on the engine's thread. */
    interface Run {
        /** It has its place. */
        void starts();

        /** One step. True when it is over. */
        boolean step();

        void waits(int ahead);
    }

    VirtualEngine(boolean exact, Life life, Life.Track thread, StepFrameBatcher frames) {
        KvLayout layout =
                new KvLayout(List.of(new LayerGroup(0, 1, 0, 1, 4, 4, 0)), BLOCK, KvDtype.F32, false, BLOCKS, 0, 1);
        this.capabilities = new EngineCapabilities("model", 1, 100_000, layout, exact, true, "made up");
        this.life = life;
        this.thread = thread;
        this.frames = frames;
        thread.every(Duration.ofSeconds(1), () -> turns++);
    }

    void whenRoomChanges(Runnable then) {
        whenRoomChanges = then;
    }

    Life.Track thread() {
        return thread;
    }

    /** Any thread. */
    void admit(Run run) {
        waiting.add(run);
        thread.execute(this::start);
    }

    /** Engine's thread. */
    void end(Run run) {
        waiting.remove(run);
        running.remove(run);
        whenRoomChanges.run();
        thread.execute(() -> {
            frames.flush();
            start();
        });
    }

    private void start() {
        while (running.size() < PLACES && !waiting.isEmpty()) {
            Run run = waiting.poll();
            running.add(run);
            run.starts();
            whenRoomChanges.run();
        }
        if (!stepping && !running.isEmpty()) {
            stepping = true;
            thread.after(stepTakes(), this::step);
        }
    }

    private long stepTakes() {
        return 12_000_000 + life.random().nextInt(16_000_000);
    }

    private void step() {
        stepping = false;
        turns++;
        List<Run> over = new ArrayList<>();
        for (Run run : List.copyOf(running)) {
            if (running.contains(run) && run.step()) {
                over.add(run);
            }
        }
        running.removeAll(over);
        if (!over.isEmpty()) {
            whenRoomChanges.run();
        }
        if (life.now() - newsAt > NEWS_EVERY.toNanos()) {
            newsAt = life.now();
            int ahead = 0;
            for (Run run : waiting) {
                run.waits(ahead++);
            }
        }
        frames.flush();
        start();
    }

    int held() {
        return waiting.size() + running.size();
    }

    @Override
    public EngineCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public EngineLoad load() {
        int free = BLOCKS - running.size() * 4;
        return new EngineLoad(
                waiting.size(), running.size(), 0, 0, 0, free, 0, BLOCKS, 0, 0, PLACES, turns, turns, NO_FORECAST);
    }

    @Override
    public long signsOfLife() {
        return turns;
    }

    @Override
    public FairShare shares() {
        return shares;
    }

    @Override
    public Room room() {
        return new Room(waiting.size(), PLACES - running.size() - waiting.size(), BLOCKS);
    }

    @Override
    public boolean submit(EngineCommand command) {
        throw new UnsupportedOperationException("sequences are handed over by admit");
    }

    @Override
    public void checkIntegrity(Duration limit) {}

    @Override
    public void close() {}
}
