package dev.baton.prefill;

import dev.baton.engine.Device;
import dev.baton.engine.EngineSettings;
import dev.baton.protocol.v1.WorkerState.Role;
import dev.baton.worker.Duty;
import dev.baton.worker.WorkerContext;
import dev.baton.worker.WorkerRole;
import java.io.IOException;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** Computes prompts and pushes their KV to decode workers. */
@SpringBootApplication(proxyBeanMethods = false)
public class PrefillWorkerApplication {
    public static void main(String[] args) {
        SpringApplication.run(PrefillWorkerApplication.class, args);
    }

    @Bean
    WorkerRole workerRole() {
        return new WorkerRole() {
            @Override
            public Role role() {
                return Role.PREFILL;
            }

            @Override
            public EngineSettings engine(Device device) {
                return EngineSettings.prefill(device);
            }

            @Override
            public Duty<?> begin(WorkerContext context) throws IOException {
                return PrefillDuty.begin(context);
            }
        };
    }
}
