package dev.baton.gateway.dispatch;

import dev.baton.protocol.v1.WorkerState;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/** Up while a decode worker answers: without one every request is refused. */
final class WorkersHealth extends AbstractHealthIndicator {
    private final LivePlacement placement;

    WorkersHealth(LivePlacement placement) {
        super("workers could not be asked");
        this.placement = placement;
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) {
        int live = placement.live(null, WorkerState.Role.DECODE);
        builder.status(live > 0 ? "UP" : "OUT_OF_SERVICE").withDetail("decode", live);
    }
}
