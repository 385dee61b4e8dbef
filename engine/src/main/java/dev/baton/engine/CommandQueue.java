package dev.baton.engine;

import java.util.Queue;
import java.util.function.Consumer;
import org.jctools.queues.atomic.MpscAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * Commands on their way to the engine thread. Each that was taken is answered once: by the thread that polls, or, when it
 * slipped in while that thread ended, by the thread that brought it.
 */
final class CommandQueue {
    private final Queue<EngineCommand> commands;
    private volatile @Nullable Consumer<EngineCommand> late;

    CommandQueue(int capacity) {
        commands = new MpscAtomicArrayQueue<>(capacity);
    }

    /** False when there is no room: nothing was taken. */
    boolean offer(EngineCommand command) {
        if (!commands.offer(command)) {
            return false;
        }
        answerLate();
        return true;
    }

    boolean isEmpty() {
        return commands.isEmpty();
    }

    /** For the engine thread only, as long as it has not {@linkplain #end ended}. Null when there is no command. */
    @Nullable
    EngineCommand poll() {
        return commands.poll();
    }

    /** The engine thread polls no more: it answers what is still here, and others what comes later. */
    void end(Consumer<EngineCommand> answer) {
        late = answer;
        answerLate();
    }

    private void answerLate() {
        Consumer<EngineCommand> answer = late;
        if (answer != null) {
            synchronized (this) {
                for (EngineCommand command = commands.poll(); command != null; command = commands.poll()) {
                    answer.accept(command);
                }
            }
        }
    }
}
