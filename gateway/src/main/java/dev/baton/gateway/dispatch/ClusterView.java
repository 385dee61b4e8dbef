package dev.baton.gateway.dispatch;

import dev.baton.cluster.registry.WorkerRegistry;
import dev.baton.cluster.streams.PeerClocks;
import dev.baton.cluster.streams.TokenStreams;
import dev.baton.control.routing.FaultLedger;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The workers as this gateway sees them, for operators. Any thread. */
public final class ClusterView {
    private final WorkerRegistry registry;
    private final TokenStreams streams;
    private final TokenRates rates;
    private final FaultLedger faults;

    ClusterView(WorkerRegistry registry, TokenStreams streams, TokenRates rates, FaultLedger faults) {
        this.registry = registry;
        this.streams = streams;
        this.rates = rates;
        this.faults = faults;
    }

    /**
     * A worker.
     *
     * @param state as it has last told it
     * @param answers whether its token stream to this gateway does
     * @param avoided whether it gets no requests of this gateway for a while, since it failed several in a row
     * @param tokensPerSecond that this gateway has got from it lately
     * @param clock how far its clock is ahead, and the round trip; empty before the first ping has come back
     */
    public record Member(
            WorkerState state,
            boolean answers,
            boolean avoided,
            double tokensPerSecond,
            Optional<PeerClocks.Reading> clock) {
        public String id() {
            return state.getWorker().getId();
        }
    }

    /** Those that Redis lists, and those that answer although it does not; by id. */
    public List<Member> members() {
        Map<String, WorkerState> known = new LinkedHashMap<>();
        registry.workers().forEach(state -> known.put(state.getWorker().getId(), state));
        streams.workers().forEach(state -> known.put(state.getWorker().getId(), state));
        Set<WorkerRef> avoided = faults.avoided();
        List<Member> members = new ArrayList<>();
        for (WorkerState state : known.values()) {
            members.add(new Member(
                    state,
                    streams.live(state.getWorker()),
                    avoided.contains(state.getWorker()),
                    rates.of(state.getWorker().getId()),
                    streams.clock(state.getWorker())));
        }
        members.sort(Comparator.comparing(Member::id));
        return members;
    }

    public Optional<Member> member(String id) {
        return members().stream().filter(member -> member.id().equals(id)).findFirst();
    }

    /**
     * Asks a worker to take nothing new, or to take work again. It tells all gateways by its state, soon after.
     *
     * @return false when its stream does not answer, so that it was not asked
     */
    public boolean drain(Member member, boolean draining) {
        return streams.drain(member.state().getWorker(), draining);
    }
}
