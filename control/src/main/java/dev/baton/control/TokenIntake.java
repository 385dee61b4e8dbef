package dev.baton.control;

import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The accepted tokens: those that the client has or is about to get. A token is accepted only at the next
 * index; a lower one was seen before and is dropped, a higher one leaves a gap that is asked for.
 */
final class TokenIntake {
    private static final Duration GAP_LIMIT = Duration.ofMillis(500);
    private static final int ACKNOWLEDGE_EVERY = 256;

    private final int maxTokens;
    /** Tokens below {@code size} are never overwritten, so views of them stay true. */
    private int[] accepted;

    private int size;
    private @Nullable Gap gap;
    private int base;
    private int acknowledged;

    /** @param known tokens that were accepted before */
    TokenIntake(int maxTokens, TokenIds known) {
        this.maxTokens = maxTokens;
        this.accepted = new int[Math.max(64, known.size())];
        for (int i = 0; i < known.size(); i++) {
            accepted[i] = known.at(i);
        }
        this.size = known.size();
        newAttempt();
    }

    int size() {
        return size;
    }

    boolean full() {
        return size == maxTokens;
    }

    TokenIds tokens() {
        return new TokenIds(accepted, 0, size);
    }

    /** What follows is computed from the tokens accepted so far. */
    void newAttempt() {
        base = size;
        acknowledged = base;
        gap = null;
    }

    /** When the tokens that are missing must have come; never, when none are. */
    Instant gapEnds() {
        return gap == null ? Instant.MAX : gap.since.plus(GAP_LIMIT);
    }

    /** This gateway stood still for that time: nobody is late by it. */
    void slept(Duration time, Instant now) {
        if (gap != null) {
            Instant later = gap.since.plus(time);
            gap = new Gap(gap.worker, later.isAfter(now) ? now : later);
        }
    }

    /** Who has sent tokens above those that are missing; null when none are. */
    @Nullable
    WorkerRef gapLeftBy() {
        return gap == null ? null : gap.worker;
    }

    /** Names the sender and the missing token, for the log. */
    String describeGap() {
        return (gap == null ? "no worker" : gap.worker.getId()) + " did not send token " + size;
    }

    /** Whether the frame has the next token, or says that there is none. */
    boolean brings(Progress progress) {
        int end = progress.getFirstIndex() + progress.getTokensCount();
        return progress.getFirstIndex() <= size && (end > size || (end == size && progress.hasFinish()));
    }

    /** Compares what came again with what was accepted. */
    void compare(WorkerRef worker, Progress progress, List<Effect> effects) {
        int first = progress.getFirstIndex();
        int end = Math.min(size, first + progress.getTokensCount());
        for (int index = first; index < end; index++) {
            if (progress.getTokens(index - first) != accepted[index]) {
                effects.add(
                        new Effect.NoteDifference(worker, index, accepted[index], progress.getTokens(index - first)));
                return;
            }
        }
    }

    /** Whether the frame begins above the next index; if so, the sender is asked once to go back. */
    boolean leavesGap(WorkerRef worker, Progress progress, Attempt attempt, Instant now, List<Effect> effects) {
        boolean matters = progress.getTokensCount() > 0 || progress.hasFinish();
        if (!matters || progress.getFirstIndex() <= size) {
            return false;
        }
        if (gap == null) {
            gap = new Gap(worker, now);
            effects.add(new Effect.SendResume(worker, attempt, size));
        }
        return true;
    }

    /**
     * Accepts and emits what is next in the frame: of a prefill worker only the attempt's first token. Returns how
     * many.
     */
    int take(WorkerRef worker, Progress progress, boolean prefills, List<Effect> effects) {
        int first = progress.getFirstIndex();
        int from = size;
        int limit = prefills ? Math.min(base + 1, maxTokens) : maxTokens;
        int to = Math.min(first + progress.getTokensCount(), limit);
        if (progress.getTokensCount() == 0 || to <= from) {
            return 0;
        }
        if (to > accepted.length) {
            accepted = Arrays.copyOf(accepted, Math.max(to, 2 * accepted.length));
        }
        for (int index = from; index < to; index++) {
            accepted[index] = progress.getTokens(index - first);
        }
        size = to;
        boolean scored = progress.getLogprobsCount() == progress.getTokensCount();
        effects.add(new Effect.EmitTokens(
                from,
                new TokenIds(accepted, from, to),
                scored ? List.copyOf(progress.getLogprobsList().subList(from - first, to - first)) : List.of()));
        if (gap != null && gap.worker.equals(worker)) {
            gap = null;
        } else if (gap != null) {
            // The prefill worker has filled the hole before it: what lies above can be sent again now.
            effects.add(new Effect.SendResume(gap.worker, progress.getAttempt(), size));
        }
        return to - from;
    }

    /** Whether the frame's end is the end of what was accepted. */
    boolean endsHere(Progress progress) {
        return progress.hasFinish() && progress.getFirstIndex() + progress.getTokensCount() == size;
    }

    /** Acknowledges, so that the sender can drop what it keeps: after the prefill worker's only token and every 256 tokens after that. */
    void acknowledge(WorkerRef worker, Attempt attempt, boolean prefills, List<Effect> effects) {
        if (prefills || size - acknowledged >= ACKNOWLEDGE_EVERY) {
            acknowledged = size;
            effects.add(new Effect.Acknowledge(worker, attempt, acknowledged));
        }
    }

    /** Tokens below those that {@code worker} sent are missing. */
    private record Gap(WorkerRef worker, Instant since) {}
}
