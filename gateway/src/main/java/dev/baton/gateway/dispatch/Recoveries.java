package dev.baton.gateway.dispatch;

import dev.baton.control.Effect;
import dev.baton.control.Phase;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.KvSource;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The recoveries of one request, as its machine's effects tell them. Pure; owned by the request's loop. */
final class Recoveries {
    static final int MOST = 8;

    private final List<Recovery> over = new ArrayList<>();
    private Instant since;
    private boolean begun;
    private @Nullable Draft current;
    private @Nullable Draft beside;

    /** One that goes on. */
    private static final class Draft {
        private final Phase struck;
        private final boolean nothingLost;
        private final Instant detected;
        /** 0 until there is one that goes on. */
        private int attempt;

        private @Nullable Instant claimed;
        private @Nullable Instant restored;
        private @Nullable KvSource source;

        Draft(Phase struck, boolean nothingLost, Instant detected, int attempt) {
            this.struck = struck;
            this.nothingLost = nothingLost;
            this.detected = detected;
            this.attempt = attempt;
        }

        Recovery record(Instant since, @Nullable Instant token) {
            int tokens = source == null ? 0 : Math.max(0, source.getTokens());
            int found = source == null ? 0 : Math.clamp(source.getFound(), 0, tokens);
            return new Recovery(
                    attempt,
                    struck.name().toLowerCase(Locale.ROOT),
                    nothingLost ? Recovery.NOTHING_LOST : rung(),
                    tokens,
                    nothingLost ? 0 : tokens - found,
                    Duration.between(since, detected).toMillis(),
                    millis(since, claimed),
                    millis(since, restored),
                    millis(since, token));
        }

        private @Nullable String rung() {
            KvSource.Rung rung = source == null ? KvSource.Rung.RUNG_UNSPECIFIED : source.getRung();
            return switch (rung) {
                case POOL, PEER, CACHE, PREFILL -> rung.name().toLowerCase(Locale.ROOT);
                case RUNG_UNSPECIFIED, UNRECOGNIZED -> null;
            };
        }

        private static @Nullable Long millis(Instant since, @Nullable Instant at) {
            return at == null ? null : (Long) Duration.between(since, at).toMillis();
        }
    }

    /** @param prepared when the request was */
    Recoveries(Instant prepared) {
        this.since = prepared;
    }

    /** Those that are over, oldest first; the last {@value #MOST}. */
    List<Recovery> over() {
        return List.copyOf(over);
    }

    /**
     * Takes an effect that is about to be performed.
     *
     * @param phase of the current attempt
     * @return the recovery that is over with it; null for none
     */
    @Nullable
    Recovery on(Effect effect, Phase phase, Instant now) {
        return switch (effect) {
            case Effect.NoteLostAttempt lost -> lost(lost.phase(), now);
            case Effect.RecordAttempt(Attempt attempt, var _) -> {
                if (current != null) {
                    current.attempt = attempt.getNumber();
                }
                yield null;
            }
            case Effect.RecordHedge(Attempt hedge, Attempt _) -> {
                beside = struck(phase, now, hedge.getNumber());
                yield null;
            }
            case Effect.EndHedge(Attempt _, boolean won) -> endHedge(won);
            case Effect.NoteClaimed(Attempt attempt) -> {
                Draft draft = of(attempt);
                if (draft != null) {
                    draft.claimed = now;
                }
                yield null;
            }
            case Effect.NoteRestored(Attempt attempt, KvSource source) -> {
                Draft draft = of(attempt);
                if (draft != null && draft.restored == null) {
                    draft.restored = now;
                    draft.source = source;
                }
                yield null;
            }
            case Effect.EmitTokens _ -> token(now);
            case Effect.ChooseRoute _,
                    Effect.ChooseHedge _,
                    Effect.ChooseSuccessor _,
                    Effect.TakeSuccessor _,
                    Effect.DropSuccessor _,
                    Effect.PublishPrefillJob _,
                    Effect.PublishComputeHere _,
                    Effect.EmitAdmitted _,
                    Effect.EmitCached _,
                    Effect.EmitFinish _,
                    Effect.EmitFailure _,
                    Effect.EmitRejection _,
                    Effect.SendCancel _,
                    Effect.SendResume _,
                    Effect.Acknowledge _,
                    Effect.NoteTiming _,
                    Effect.NoteCleared _,
                    Effect.PublishDeadLetter _,
                    Effect.NoteDifference _,
                    Effect.RecordEnd _ -> null;
        };
    }

    /** The request has ended. Returns the recovery that did not get to its first token; null for none. */
    @Nullable
    Recovery end() {
        beside = null;
        return close(null);
    }

    private @Nullable Recovery lost(Phase phase, Instant now) {
        if (beside != null) {
            return null; // it takes over: that is told next
        }
        Recovery last = close(null);
        current = struck(phase, now, 0);
        return last;
    }

    private Draft struck(Phase phase, Instant now, int attempt) {
        begun |= phase != Phase.QUEUED;
        return new Draft(phase, !begun, now, attempt);
    }

    private @Nullable Recovery endHedge(boolean won) {
        Draft hedge = beside;
        beside = null;
        if (!won || hedge == null) {
            return null;
        }
        Recovery last = close(null);
        current = hedge;
        return last;
    }

    private @Nullable Recovery token(Instant now) {
        Recovery reached = close(now);
        since = now;
        begun = true;
        return reached;
    }

    /** @param token when the first token came; null for never */
    private @Nullable Recovery close(@Nullable Instant token) {
        Draft draft = current;
        current = null;
        if (draft == null || draft.attempt == 0) {
            return null;
        }
        if (over.size() == MOST) {
            over.removeFirst();
        }
        Recovery recovery = draft.record(since, token);
        over.add(recovery);
        return recovery;
    }

    private @Nullable Draft of(Attempt attempt) {
        if (beside != null && beside.attempt == attempt.getNumber()) {
            return beside;
        }
        return current != null && current.attempt == attempt.getNumber() ? current : null;
    }
}
