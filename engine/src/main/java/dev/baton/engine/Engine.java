package dev.baton.engine;

import dev.baton.control.fairness.FairShare;
import dev.baton.engine.schedule.Room;
import java.time.Duration;

/** The engine of a worker. Safe to call from any thread. */
public interface Engine extends AutoCloseable {
    EngineCapabilities capabilities();

    /** A snapshot of load, at most one step old. */
    EngineLoad load();

    /** Grows as long as the engine's thread is not stuck: with each turn, at least once a second, and with each layer. */
    long signsOfLife();

    /** What it has computed for each tenant, and who waits for it. */
    FairShare shares();

    /** What is left for more: what was submitted before this call counts, what got blocks since may count twice. */
    Room room();

    /**
     * Hands over a command. Never blocks.
     *
     * @return false when the engine is closing, or for an {@link EngineCommand.Admit} when as many wait as may: nothing was
     *     taken, decline the work
     */
    boolean submit(EngineCommand command);

    /**
     * Lets the engine check its block pool between two steps.
     *
     * @throws IllegalStateException that says what is wrong, or that the engine did not answer within the limit
     */
    void checkIntegrity(Duration limit);

    /** Stops the engine thread after its current step, fails what is left with SHUTTING_DOWN, frees native memory. */
    @Override
    void close();
}
