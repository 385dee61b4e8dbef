package dev.baton.gateway.resume;

import dev.baton.cluster.answers.OwnedAnswer;
import dev.baton.gateway.dispatch.Dispatcher.RequestHandle;
import dev.baton.protocol.v1.Failure;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The time in which this gateway owns an answer: what runs for it, and what feeds its logs. Once it is over, for good, nothing
 * of it can change the logs or begin. Any thread.
 */
final class Tenure {
    private final OwnedAnswer as;
    private final Settlement settlement;
    private final ChoiceLog.Feed[] feeds;
    private final AtomicReferenceArray<@Nullable RequestHandle> handles;
    private final AtomicBoolean closing = new AtomicBoolean();

    /** Guarded by {@code this}. */
    private boolean over;

    Tenure(OwnedAnswer as, Settlement settlement, ChoiceLog.Feed[] feeds) {
        this.as = as;
        this.settlement = settlement;
        this.feeds = feeds;
        this.handles = new AtomicReferenceArray<>(feeds.length);
    }

    OwnedAnswer as() {
        return as;
    }

    Settlement settlement() {
        return settlement;
    }

    ChoiceLog.Feed feed(int choice) {
        return feeds[choice];
    }

    @Nullable
    RequestHandle handle(int choice) {
        return handles.get(choice);
    }

    /** Starts what runs for a choice; false when that is not this gateway's to run any more. */
    synchronized boolean run(int choice, RequestHandle handle) {
        if (over) {
            return false;
        }
        handles.set(choice, handle);
        handle.start();
        return true;
    }

    /** What runs ends here, and is reported by who goes on with it. */
    synchronized void over() {
        over = true;
        for (int choice = 0; choice < feeds.length; choice++) {
            RequestHandle handle = handles.get(choice);
            if (handle != null) {
                handle.handedOver();
            }
        }
    }

    /** No choice goes on. */
    void end(ChoiceEnd how) {
        for (int choice = 0; choice < feeds.length; choice++) {
            feeds[choice].end(how);
            RequestHandle handle = handles.get(choice);
            if (handle != null) {
                handle.cancel();
            }
        }
    }

    void fail(Failure failure) {
        end(new ChoiceEnd.Failed(failure));
    }

    /** True for the first who says that the store is to be told of the end. */
    boolean close() {
        return closing.compareAndSet(false, true);
    }
}
