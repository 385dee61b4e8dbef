package dev.baton.worker;

import dev.baton.engine.Device;
import dev.baton.engine.EngineSettings;
import dev.baton.protocol.Topics;
import dev.baton.protocol.v1.WorkerState.Role;
import java.io.IOException;

/** What makes a worker a prefill or a decode worker. Each app brings one as a bean. */
public interface WorkerRole {
    Role role();

    /** Limits of an engine on that device unless set. */
    EngineSettings engine(Device device);

    Duty<?> begin(WorkerContext context) throws IOException;

    /** Topic whose lanes it reads. */
    default String topic() {
        return switch (role()) {
            case PREFILL -> Topics.PREFILL;
            case DECODE -> Topics.HANDOFF;
            case ROLE_UNSPECIFIED, UNRECOGNIZED -> throw new IllegalStateException("a worker without a role");
        };
    }
}
