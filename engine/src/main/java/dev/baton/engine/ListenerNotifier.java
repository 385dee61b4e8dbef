package dev.baton.engine;

import dev.baton.protocol.AttemptKey;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Optional;
import java.util.function.Consumer;

/** Tells the listeners of sequences; nothing after their end, and whatever one of them throws is not the others' trouble. */
final class ListenerNotifier {
    private static final Logger LOG = System.getLogger(ListenerNotifier.class.getName());

    private boolean something;

    /** What the listener threw, if it did: its sequence cannot go on. */
    Optional<RuntimeException> tell(LiveSequence sequence, Consumer<SequenceListener> event) {
        if (sequence.over) {
            return Optional.empty();
        }
        something = true;
        try {
            event.accept(sequence.listener);
            return Optional.empty();
        } catch (RuntimeException e) {
            return Optional.of(e);
        }
    }

    /** The last that a sequence hears, unless it has heard its end already. */
    void end(LiveSequence sequence, Consumer<SequenceListener> event) {
        if (!sequence.over) {
            sequence.over = true;
            end(sequence.key, sequence.listener, event);
        }
    }

    /** The last that a listener hears; of a sequence that never began, say. */
    void end(AttemptKey key, SequenceListener listener, Consumer<SequenceListener> event) {
        something = true;
        try {
            event.accept(listener);
        } catch (RuntimeException | Error e) {
            LOG.log(Level.WARNING, "the listener of %s threw at its sequence's end".formatted(key), e);
        }
    }

    /** Whether anything was told since the last call. */
    boolean drain() {
        boolean told = something;
        something = false;
        return told;
    }
}
