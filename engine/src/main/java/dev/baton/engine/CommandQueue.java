package dev.baton.engine;

import java.util.function.Consumer;
import org.jctools.queues.MessagePassingQueue;
import org.jctools.queues.atomic.MpscAtomicArrayQueue;

/**
 * Commands on their way to the engine thread. Each that was taken is handed over once: by the thread, or, when it slipped
 * in while the thread ended, by whoever brought it.
 */
final class CommandQueue {
    private final MessagePassingQueue<Consumer<EngineLoop>> commands;
    private volatile boolean ended;

    CommandQueue(int capacity) {
        commands = new MpscAtomicArrayQueue<>(capacity);
    }

    /** False when there is no room: nothing was taken. */
    boolean offer(Consumer<EngineLoop> command, EngineLoop target) {
        if (!commands.offer(command)) {
            return false;
        }
        if (ended) {
            handOverLast(target);
        }
        return true;
    }

    boolean isEmpty() {
        return commands.isEmpty();
    }

    /** For the engine thread only, as long as it has not {@linkplain #end ended}. */
    void handOver(EngineLoop target) {
        for (Consumer<EngineLoop> command = commands.poll(); command != null; command = commands.poll()) {
            command.accept(target);
        }
    }

    /** The engine thread looks for the last time; the loop is closed. */
    void end(EngineLoop target) {
        ended = true;
        handOverLast(target);
    }

    private synchronized void handOverLast(EngineLoop closed) {
        handOver(closed);
    }
}
