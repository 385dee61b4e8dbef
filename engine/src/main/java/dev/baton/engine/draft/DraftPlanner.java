package dev.baton.engine.draft;

import dev.baton.engine.schedule.Phase;
import dev.baton.engine.schedule.Scheduler;
import dev.baton.engine.schedule.Sequence;
import dev.baton.engine.schedule.StepPlan;
import dev.baton.engine.schedule.StepPlan.Chunk;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/**
 * Adds guesses to the decoding sequences of a step, in rows that the step has left. With AUTO a sequence guesses where its
 * tokens are expected to come sooner by it, and nobody beside it may come later by more than {@link #BYSTANDER}. One thread.
 */
public final class DraftPlanner<S extends Sequence> {
    /** A step with a sequence that guesses nothing may take so many times as long for the guesses of others. */
    private static final double BYSTANDER = 1.03;
    /** Steps without guesses are measured at least this often, in steps. */
    private static final int MEASURED_WITHIN = 64;

    private final Speculation settings;
    private final int stepTokens;
    private final Scheduler<S> scheduler;
    private final Function<S, Drafting> drafting;
    private final ToIntFunction<S> room;
    private final RowCosts costs = new RowCosts();

    /**
     * @param stepTokens rows of one step
     * @param room tokens that a sequence may still make
     */
    public DraftPlanner(
            Speculation settings,
            int stepTokens,
            Scheduler<S> scheduler,
            Function<S, Drafting> drafting,
            ToIntFunction<S> room) {
        this.settings = settings;
        this.stepTokens = stepTokens;
        this.scheduler = scheduler;
        this.drafting = drafting;
        this.room = room;
    }

    /** A sequence's guesses, and where its chunk is in the plan. */
    record Draft(int at, int[] guesses, double expected, double credit) {
        /** A step with these guesses may take so many times as long: what they are expected to gain, within the credit. */
        private double bound() {
            return Math.min(expected, 1 + credit);
        }
    }

    /** Gives decoding sequences of the plan guesses; the plan's chunks are replaced. */
    public void extend(StepPlan<S> plan) {
        if (settings.mode() == Speculation.Mode.OFF || plan.isEmpty()) {
            return;
        }
        List<Chunk<S>> chunks = plan.chunks();
        int decoding = (int) chunks.stream().filter(DraftPlanner::decodes).count();
        int rows = chunks.stream().mapToInt(Chunk::rows).sum();
        boolean auto = settings.mode() == Speculation.Mode.AUTO;
        boolean prompts = decoding < chunks.size();
        if (decoding == 0 || auto && !prompts && !costs.fresh(rows, MEASURED_WITHIN)) {
            return;
        }
        List<Draft> drafts = new ArrayList<>();
        int with = rows;
        for (int at = 0; at < chunks.size(); at++) {
            if (decodes(chunks.get(at))) {
                Draft draft = draft(chunks.get(at), at, with, auto);
                if (draft.guesses().length > 0) {
                    drafts.add(draft);
                    with += draft.guesses().length;
                }
            }
        }
        if (auto) {
            leaveOutTheDear(drafts, rows, chunks.size(), costs);
        }
        for (Draft draft : drafts) {
            chunks.set(draft.at(), chunks.get(draft.at()).with(draft.guesses()));
        }
    }

    private Draft draft(Chunk<S> chunk, int at, int rows, boolean auto) {
        S sequence = chunk.sequence();
        Drafting own = drafting.apply(sequence);
        int most = Math.min(Math.min(settings.most(), stepTokens - rows), room.applyAsInt(sequence) - 1);
        int wanted = auto ? own.worthwhile(most, rows, costs) : most;
        int[] guesses = wanted < 1 ? new int[0] : own.guesses(sequence, wanted);
        if (guesses.length > 0) {
            int fits = scheduler.roomBeyond(sequence, guesses.length);
            guesses = fits < guesses.length ? Arrays.copyOf(guesses, fits) : guesses;
        }
        return new Draft(at, guesses, own.expected(guesses.length), own.credit());
    }

    /**
     * Nobody is to wait longer for others' guesses than it gains by its own.
     *
     * @param chunks of the step, prompts among them: who computes one guesses nothing
     */
    static void leaveOutTheDear(List<Draft> drafts, int rows, int chunks, RowCosts costs) {
        while (!drafts.isEmpty()) {
            int with = rows
                    + drafts.stream().mapToInt(draft -> draft.guesses().length).sum();
            double least = drafts.size() < chunks ? BYSTANDER : Double.MAX_VALUE;
            int poorest = 0;
            for (int i = 0; i < drafts.size(); i++) {
                least = Math.min(least, Math.max(BYSTANDER, drafts.get(i).bound()));
                if (drafts.get(i).bound() < drafts.get(poorest).bound()) {
                    poorest = i;
                }
            }
            if (costs.slowdown(rows, with) <= least || chunks == 1) {
                return;
            }
            drafts.remove(poorest);
        }
    }

    private static boolean decodes(Chunk<? extends Sequence> chunk) {
        return chunk.sequence().phase() == Phase.DECODING;
    }

    /**
     * A chunk's tokens are drawn.
     *
     * @param rows of the step without guesses
     * @param with rows with all guesses
     */
    public void drawn(Chunk<S> chunk, int accepted, int rows, int with) {
        if (settings.mode() == Speculation.Mode.OFF) {
            return;
        }
        Drafting own = drafting.apply(chunk.sequence());
        if (chunk.drafts().length == 0) {
            own.plain();
        } else {
            own.guessed(chunk.drafts().length, accepted, costs.slowdown(rows, with));
        }
    }

    /** A step without prompts is over. */
    public void measured(int rows, long nanos) {
        costs.measured(rows, nanos);
    }
}
