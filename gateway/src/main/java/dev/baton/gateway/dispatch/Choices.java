package dev.baton.gateway.dispatch;

import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The choices of one request. They are let in or sent away together, by what the first is told, and those of one prompt have it
 * computed once. Each is started in order, by one thread. Any thread otherwise.
 */
public final class Choices {
    private final int count;
    private final int perPrompt;
    private final SharedPrompt[] prompts;
    private volatile @Nullable Rejection rejection;

    /**
     * @param count in all
     * @param perPrompt that many one after another are of one prompt
     */
    public Choices(int count, int perPrompt) {
        this.count = count;
        this.perPrompt = perPrompt;
        this.prompts = IntStream.range(0, Math.ceilDiv(count, perPrompt))
                .mapToObj(prompt -> new SharedPrompt())
                .toArray(SharedPrompt[]::new);
    }

    /** One of them. */
    public record Choice(Choices all, int index) {
        /** Of a request that has no other. */
        static Choice alone() {
            return new Choices(1, 1).choice(0);
        }

        /** It speaks for all of the request. */
        boolean speaks() {
            return index == 0;
        }

        /** It follows another of its prompt. */
        boolean follows() {
            return index % all.perPrompt > 0;
        }

        SharedPrompt prompt() {
            return all.prompts[index / all.perPrompt];
        }
    }

    public Choice choice(int index) {
        return new Choice(this, index);
    }

    public int count() {
        return count;
    }

    /** What the first was told; null when it was let in. */
    @Nullable
    Rejection rejection() {
        return rejection;
    }

    void reject(Rejection why) {
        rejection = why;
    }
}
