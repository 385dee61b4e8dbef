package dev.baton.decode;

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

/** Receives KV and generates; computes a prompt itself when asked to. */
@SpringBootApplication(proxyBeanMethods = false)
public class DecodeWorkerApplication {
    public static void main(String[] args) {
        SpringApplication.run(DecodeWorkerApplication.class, args);
    }

    @Bean
    WorkerRole workerRole() {
        return new WorkerRole() {
            @Override
            public Role role() {
                return Role.DECODE;
            }

            @Override
            public EngineSettings engine(Device device) {
                return EngineSettings.decode();
            }

            @Override
            public Duty<?> begin(WorkerContext context) throws IOException {
                return DecodeDuty.begin(context);
            }
        };
    }
}
