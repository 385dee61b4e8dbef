package dev.baton.gateway.dispatch;

import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The choices of one prompt. The first goes ahead and the others are held until a decode worker holds the prompt's blocks, so
 * that these are computed and moved once; if the first ends before that, the next goes ahead. Any thread.
 */
final class SharedPrompt {
    private final SequencedSet<Member> held = new LinkedHashSet<>();
    private @Nullable Member leader;
    private boolean open;

    /** A choice. Calls come on any thread. */
    interface Member {
        /** The one that went ahead has a worker; whoever is still held at that time asks {@link #open}. */
        void claimed(Instant until);

        /** It is held no more. */
        void go();
    }

    /**
     * Whether a choice is held; the first is not.
     *
     * @param worthIt enough of the prompt is to be computed
     */
    synchronized boolean holds(Member member, boolean worthIt) {
        if (leader == null && !open) {
            leader = member;
            open = !worthIt;
        } else if (!open) {
            held.add(member);
            return true;
        }
        return false;
    }

    /**
     * A worker has claimed a choice.
     *
     * @param until when it should have computed the prompt; asked for where somebody waits for it
     */
    void claimed(Member member, Supplier<Instant> until) {
        List<Member> told;
        synchronized (this) {
            told = member == leader && !open ? List.copyOf(held) : List.of();
        }
        if (!told.isEmpty()) {
            Instant then = until.get();
            told.forEach(each -> each.claimed(then));
        }
    }

    /** A decode worker holds the prompt's blocks, or it was waited for long enough. */
    void open() {
        List<Member> free;
        synchronized (this) {
            open = true;
            free = List.copyOf(held);
            held.clear();
        }
        free.forEach(Member::go);
    }

    /** A choice has ended without a token. */
    void left(Member member) {
        Member next;
        synchronized (this) {
            held.remove(member);
            if (member != leader || open) {
                return;
            }
            next = held.isEmpty() ? null : held.removeFirst();
            leader = next;
        }
        if (next != null) {
            next.go();
        }
    }
}
