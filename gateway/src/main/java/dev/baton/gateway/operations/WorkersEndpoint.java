package dev.baton.gateway.operations;

import dev.baton.gateway.dispatch.ClusterView;
import dev.baton.gateway.dispatch.ClusterView.Member;
import dev.baton.protocol.v1.WorkerState;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.http.HttpStatus;

/** {@code /actuator/workers}: each worker's state, load and rates; draining one, and bringing it back. */
@Endpoint(id = "workers")
public class WorkersEndpoint {
    private final ClusterView cluster;

    WorkersEndpoint(ClusterView cluster) {
        this.cluster = cluster;
    }

    /**
     * A worker.
     *
     * @param state {@code ready}; {@code draining}, takes nothing new; {@code avoided}, gets nothing of this gateway for a
     *     while; {@code silent}, listed but without an answering stream
     * @param clockAheadMs of this gateway's, to half of {@code roundTripMs}; null before it is measured
     */
    public record WorkerView(
            String worker,
            String role,
            String state,
            String model,
            String fingerprint,
            String address,
            String machine,
            int lane,
            int running,
            int queued,
            int queuedTokens,
            @Nullable Double tokensPerSecond,
            @Nullable Double prefillTokensPerSecond,
            int blocks,
            int freeBlocks,
            @Nullable Double roundTripMs,
            @Nullable Double clockAheadMs) {
        static WorkerView of(Member member) {
            WorkerState state = member.state();
            return new WorkerView(
                    member.id(),
                    state.getRole().name().toLowerCase(Locale.ROOT),
                    stateOf(member),
                    state.getModel(),
                    HexFormat.of().toHexDigits(state.getModelFingerprint()),
                    state.getHost() + ":" + state.getTokenPort(),
                    state.getMachine(),
                    state.getLane(),
                    state.getRunning(),
                    state.getQueued(),
                    state.getQueuedTokens(),
                    Answers.rounded(member.tokensPerSecond(), 1),
                    Answers.rounded(state.getPrefillTokensPerSecond(), 1),
                    state.getBlocks(),
                    state.getFreeBlocks(),
                    member.clock()
                            .map(clock -> Answers.rounded(clock.roundTripUs() / 1e3, 3))
                            .orElse(null),
                    member.clock()
                            .map(clock -> Answers.rounded(clock.aheadUs() / 1e3, 3))
                            .orElse(null));
        }

        private static String stateOf(Member member) {
            if (!member.answers()) {
                return "silent";
            }
            if (member.state().getDraining()) {
                return "draining";
            }
            return member.avoided() ? "avoided" : "ready";
        }
    }

    @ReadOperation
    public Map<String, List<WorkerView>> workers() {
        return Map.of("workers", cluster.members().stream().map(WorkerView::of).toList());
    }

    @ReadOperation
    public WebEndpointResponse<Object> worker(@Selector String id) {
        return cluster.member(id)
                .map(member -> Answers.of(WorkerView.of(member)))
                .orElseGet(() -> unknown(id));
    }

    /**
     * Drains, or ends the drain: a draining worker finishes what it has, and no gateway sends it more. It holds until it is
     * undone or the worker ends.
     */
    @WriteOperation
    public WebEndpointResponse<Object> drain(@Selector String id, boolean draining) {
        Member member = cluster.member(id).orElse(null);
        if (member == null) {
            return unknown(id);
        }
        if (!cluster.drain(member, draining)) {
            return Answers.problem(
                    HttpStatus.CONFLICT, "The token stream to " + member.id() + " does not answer: it was not asked.");
        }
        Map<String, Object> asked = new LinkedHashMap<>();
        asked.put("worker", member.id());
        asked.put("draining", draining);
        asked.put("running", member.state().getRunning());
        asked.put("queued", member.state().getQueued());
        return Answers.of(asked);
    }

    private WebEndpointResponse<Object> unknown(String id) {
        List<String> known = cluster.members().stream().map(Member::id).toList();
        String shown = id.length() > 64 ? id.substring(0, 64) + "…" : id;
        return Answers.problem(HttpStatus.NOT_FOUND, "No worker " + shown + " is known here. Known: " + known);
    }
}
