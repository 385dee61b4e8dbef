package dev.baton.worker;

/** Ends the process of a worker that cannot recover, so that its supervisor restarts it. */
@FunctionalInterface
public interface ProcessExit {
    /** Runs the shutdown hooks, then ends; in the middle of them when they hang. Not for threads that those hooks wait for. */
    void exit(int status);
}
