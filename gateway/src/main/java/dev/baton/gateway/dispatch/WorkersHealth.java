package dev.baton.gateway.dispatch;

import dev.baton.protocol.v1.WorkerState;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/** Up while a decode worker answers: without one every request is refused. */
final class WorkersHealth extends AbstractHealthIndicator {
    private final LiveWorkers workers;

    WorkersHealth(LiveWorkers workers) {
        super("workers could not be asked");
        this.workers = workers;
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) {
        long live = workers.all().stream()
                .filter(state -> state.getRole() == WorkerState.Role.DECODE)
                .count();
        builder.status(live > 0 ? "UP" : "OUT_OF_SERVICE").withDetail("decode", live);
    }
}
