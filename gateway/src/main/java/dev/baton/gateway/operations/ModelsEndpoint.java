package dev.baton.gateway.operations;

import dev.baton.gateway.answer.SystemFingerprints;
import dev.baton.gateway.dispatch.ClusterView;
import dev.baton.protocol.v1.WorkerState;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;

/** {@code /actuator/models}: the models that workers hold, and whether all of a name compute the same bits. */
@Endpoint(id = "models")
public class ModelsEndpoint {
    private final ClusterView cluster;
    private final SystemFingerprints answers;

    ModelsEndpoint(ClusterView cluster, SystemFingerprints answers) {
        this.cluster = cluster;
        this.answers = answers;
    }

    /**
     * A model by the name that clients use.
     *
     * @param fingerprints of weights and arithmetic, each with the workers that report it: more than one means that workers
     *     of this name do not give the same bits, and exchange no KV
     * @param systemFingerprint that answers of this gateway name now; empty where no worker takes work, and for a model that
     *     it does not serve
     * @param exact whether every worker gives the same bits for any batch
     */
    public record Model(
            String model,
            Map<String, List<String>> fingerprints,
            String systemFingerprint,
            boolean exact,
            int maxContext,
            int blockTokens,
            long prefillWorkers,
            long decodeWorkers) {}

    @ReadOperation
    public Map<String, List<Model>> models() {
        Map<String, List<WorkerState>> byName = cluster.members().stream()
                .map(ClusterView.Member::state)
                .collect(Collectors.groupingBy(WorkerState::getModel, TreeMap::new, Collectors.toList()));
        List<Model> models = new ArrayList<>();
        byName.forEach((name, states) -> models.add(model(name, states)));
        return Map.of("models", models);
    }

    private Model model(String name, List<WorkerState> states) {
        Map<String, List<String>> fingerprints = states.stream()
                .collect(Collectors.groupingBy(
                        state -> HexFormat.of().toHexDigits(state.getModelFingerprint()),
                        TreeMap::new,
                        Collectors.mapping(state -> state.getWorker().getId(), Collectors.toList())));
        return new Model(
                name,
                fingerprints,
                answers.current(name).orElse(""),
                states.stream().allMatch(WorkerState::getExact),
                states.stream().mapToInt(WorkerState::getMaxContext).min().orElse(0),
                states.stream().mapToInt(WorkerState::getBlockTokens).max().orElse(0),
                count(states, WorkerState.Role.PREFILL),
                count(states, WorkerState.Role.DECODE));
    }

    private static long count(List<WorkerState> states, WorkerState.Role role) {
        return states.stream().filter(state -> state.getRole() == role).count();
    }
}
