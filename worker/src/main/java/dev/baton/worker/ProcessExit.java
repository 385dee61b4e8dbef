package dev.baton.worker;

/** How a worker that is of no use any more ends its process, so that whoever watches it starts it anew. */
@FunctionalInterface
public interface ProcessExit {
    /** Runs the shutdown hooks, then ends. Not for threads that those hooks wait for. */
    void exit(int status);
}
