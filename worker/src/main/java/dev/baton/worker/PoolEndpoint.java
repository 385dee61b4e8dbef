package dev.baton.worker;

import dev.baton.engine.EngineLoad;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;

/** {@code /actuator/pool}: the KV pool, counted and checked between two steps. For administrators and tests. */
@Endpoint(id = "pool")
class PoolEndpoint {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final WorkerNode node;

    PoolEndpoint(WorkerNode node) {
        this.node = node;
    }

    @ReadOperation
    public Map<String, Object> pool() {
        ModelRuntime runtime = node.runtime();
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("worker", node.identity().id());
        if (runtime == null) {
            answer.put("integrity", "no pool yet");
            return answer;
        }
        EngineLoad load = runtime.engine().load();
        answer.put("blocks", load.blocks());
        answer.put("free", load.freeBlocks());
        answer.put("cached", load.cachedBlocks());
        answer.put("forecast", load.forecast());
        answer.put("running", load.running());
        answer.put("queued", load.queued());
        answer.put("file", runtime.pool().path().toString());
        try {
            runtime.engine().checkIntegrity(LIMIT);
            answer.put("integrity", "clean");
        } catch (IllegalStateException e) {
            answer.put("integrity", String.valueOf(e.getMessage()));
        }
        return answer;
    }
}
