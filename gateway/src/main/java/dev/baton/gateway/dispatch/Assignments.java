package dev.baton.gateway.dispatch;

import dev.baton.cluster.streams.TokenStreams;
import dev.baton.control.Effect;
import dev.baton.control.GenerationRequest;
import dev.baton.control.RequestEvent;
import dev.baton.control.TokenIds;
import dev.baton.control.routing.Placement;
import dev.baton.control.routing.Placement.Assignment;
import dev.baton.control.routing.Route;
import dev.baton.kv.BlockHash;
import dev.baton.protocol.v1.WorkerRef;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The workers that one request is charged to, of its current attempt and of a second one beside it; their streams know that
 * they have something to do. Whatever is taken here is given back by {@link #release}. Owned by the request's loop.
 */
final class Assignments {
    private final GenerationRequest request;
    private final Placement placement;
    private final HedgeBudget hedges;
    private final TokenStreams streams;
    private List<BlockHash> chain = List.of();
    private @Nullable Assignment current;
    private @Nullable Assignment second;
    private @Nullable Assignment successor;
    private boolean answered;
    private boolean decoded;

    Assignments(GenerationRequest request, Placement placement, HedgeBudget hedges, TokenStreams streams) {
        this.request = request;
        this.placement = placement;
        this.hedges = hedges;
        this.streams = streams;
    }

    /** Names the prompt's blocks: work that grows with the prompt, on the caller's thread. */
    List<BlockHash> name() {
        chain = placement.chain(request.model(), request.tenantSalt().toByteArray(), request.prompt());
        return chain;
    }

    /** For the next attempt; empty when no live worker serves it. */
    Optional<Assignment> choose(Effect.ChooseRoute choose) {
        release();
        Placement.Wishes wishes = wishes(choose.avoid(), choose.left(), choose.alone(), choose.accepted() == 0);
        Optional<Assignment> chosen =
                placement.place(request.model(), chain, tokens(choose.accepted()), left(choose.accepted()), wishes);
        current = chosen.orElse(null);
        chosen.ifPresent(taken -> streams.begun(taken.route().workers()));
        answered = false;
        decoded = false;
        return chosen;
    }

    /** @param scores the prompt, if it is to be scored, is */
    private Placement.Wishes wishes(Set<WorkerRef> avoid, @Nullable WorkerRef left, boolean alone, boolean scores) {
        return new Placement.Wishes(
                request.requestId(), avoid, left, alone, request.later(), scores && request.scored());
    }

    /** For a second attempt; empty when nobody can take over, or enough requests have one. */
    Optional<Assignment> choose(Effect.ChooseHedge choose) {
        if (second != null || !hedges.take()) {
            return Optional.empty();
        }
        Placement.Wishes wishes = wishes(choose.avoid(), choose.left(), false, false);
        Optional<Assignment> chosen = placement.placeBeside(
                request.model(), chain, tokens(choose.accepted()), left(choose.accepted()), wishes);
        second = chosen.orElse(null);
        chosen.ifPresent(taken -> streams.begun(taken.route().workers()));
        if (chosen.isEmpty()) {
            hedges.giveBack();
        }
        return chosen;
    }

    /**
     * For an attempt that takes the place of the current one, whose worker is about to end; empty when nobody has room.
     * Until {@link #takeSuccessor} or {@link #dropSuccessor} both are charged.
     */
    Optional<RequestEvent> choose(Effect.ChooseSuccessor choose) {
        dropSuccessor();
        Assignment from = current;
        int known = tokens(choose.accepted().size());
        List<BlockHash> held = extended(choose.accepted(), known - 1);
        if (from != null) {
            placement.decoded(from, held);
        }
        Placement.Wishes wishes = wishes(choose.avoid(), choose.from(), false, false);
        Optional<Assignment> chosen = placement.placeSuccessor(
                request.model(), held, known, left(choose.accepted().size()), wishes);
        successor = chosen.orElse(null);
        chosen.ifPresent(to -> streams.begun(to.route().workers()));
        return chosen.map(
                to -> new RequestEvent.SuccessorRouted(choose.attempt().getNumber(), to.route()));
    }

    /** The successor's attempt is the current one. */
    @Nullable
    Assignment takeSuccessor() {
        Assignment next = successor;
        successor = null;
        release();
        current = next;
        answered = false;
        decoded = false;
        return next;
    }

    void dropSuccessor() {
        if (successor != null) {
            give(successor, false);
            successor = null;
        }
    }

    private int tokens(int accepted) {
        return request.prompt().length + accepted;
    }

    private int left(int accepted) {
        return request.maxTokens() - accepted;
    }

    /** Of the current attempt; null for none. */
    @Nullable
    Assignment current() {
        return current;
    }

    /** The one of that route: of the current attempt unless it is the second one's. */
    @Nullable
    Assignment of(Route route) {
        return second != null && second.route().equals(route) ? second : current;
    }

    /** Whether the worker computes the prompt in the current attempt; null without one. */
    @Nullable
    Boolean first(WorkerRef worker) {
        return current == null ? null : current.route().first().worker().equals(worker);
    }

    /** One attempt is left. */
    void endHedge(boolean won) {
        if (second != null && won) {
            Assignment winner = second;
            second = null;
            hedges.giveBack();
            release();
            current = winner;
            answered = false;
            decoded = false;
        } else {
            releaseSecond();
        }
    }

    /** Tokens of the current attempt were accepted. Whether they are the first that show its decode worker to hold the prompt. */
    boolean accepted(int firstIndex) {
        if (current == null) {
            return false;
        }
        if (!answered) {
            answered = true;
            placement.answered(current);
        }
        // Where a prompt was split, its first token comes from the prefill worker and all others from the decode
        // worker.
        if (!decoded && (firstIndex > 0 || current.route().computesAtDecode())) {
            decoded = true;
            placement.decoded(current, chain);
            return true;
        }
        return false;
    }

    /** The next turn of the conversation begins with what this one leaves: all tokens but the last, which was never computed. */
    void ended(TokenIds answer) {
        if (current != null && decoded) {
            placement.decoded(current, extended(answer, tokens(answer.size()) - 1));
        }
        releaseSecond();
        dropSuccessor();
        release();
    }

    /** Names of the full blocks of prompt and answer, up to that many tokens. */
    private List<BlockHash> extended(TokenIds answer, int tokens) {
        int[] prompt = request.prompt();
        return placement.extended(
                chain,
                request.model(),
                request.tenantSalt().toByteArray(),
                at -> at < prompt.length ? prompt[at] : answer.at(at - prompt.length),
                tokens);
    }

    /** Of the current attempt. */
    void release() {
        if (current != null) {
            give(current, answered);
            placement.cleared(request.requestId());
            current = null;
        }
    }

    private void releaseSecond() {
        if (second != null) {
            give(second, false);
            second = null;
            hedges.giveBack();
        }
    }

    private void give(Assignment assignment, boolean wasAnswered) {
        if (!wasAnswered) {
            placement.unanswered(assignment);
        }
        placement.release(assignment);
        streams.ended(assignment.route().workers());
    }
}
