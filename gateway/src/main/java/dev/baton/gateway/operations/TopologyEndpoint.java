package dev.baton.gateway.operations;

import dev.baton.gateway.dispatch.ClusterView;
import dev.baton.gateway.dispatch.ClusterView.Member;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.WorkerState;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;

/** {@code /actuator/topology}: which worker runs where, which lane it reads, and how KV gets from one to another. */
@Endpoint(id = "topology")
public class TopologyEndpoint {
    /** Pairs beyond this are left out: their number grows with the square of the workers'. */
    private static final int MOST_PAIRS = 1_024;

    private final GatewayRef gateway;
    private final ClusterView cluster;

    TopologyEndpoint(GatewayRef gateway, ClusterView cluster) {
        this.gateway = gateway;
        this.cluster = cluster;
    }

    /** @param machines workers by the host they run on */
    public record Topology(String gateway, Map<String, List<Place>> machines, List<Pair> kvPairs) {}

    public record Place(String worker, String role, int lane, String tokens, int kvPort) {}

    /** @param transport by which KV can go: {@code shared-memory} on one machine, else {@code tcp} */
    public record Pair(String from, String to, String transport) {}

    @ReadOperation
    public Topology topology() {
        List<WorkerState> states = cluster.members().stream().map(Member::state).toList();
        Map<String, List<Place>> machines = states.stream()
                .collect(Collectors.groupingBy(
                        WorkerState::getMachine,
                        TreeMap::new,
                        Collectors.mapping(TopologyEndpoint::place, Collectors.toList())));
        return new Topology(gateway.getId(), machines, pairs(states));
    }

    private static Place place(WorkerState state) {
        return new Place(
                state.getWorker().getId(),
                state.getRole().name().toLowerCase(Locale.ROOT),
                state.getLane(),
                state.getHost() + ":" + state.getTokenPort(),
                state.getKvPort());
    }

    private static List<Pair> pairs(List<WorkerState> states) {
        List<Pair> pairs = new ArrayList<>();
        for (WorkerState from : states) {
            for (WorkerState to : states) {
                if (pairs.size() < MOST_PAIRS
                        && from.getRole() == WorkerState.Role.PREFILL
                        && to.getRole() == WorkerState.Role.DECODE
                        && from.getModelFingerprint() == to.getModelFingerprint()) {
                    boolean same = from.getMachine().equals(to.getMachine());
                    pairs.add(
                            new Pair(from.getWorker().getId(), to.getWorker().getId(), same ? "shared-memory" : "tcp"));
                }
            }
        }
        return pairs;
    }
}
