package dev.baton.prefill;

import dev.baton.kv.ffm.MemoryKeeper;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** Computes prompts and pushes their KV to decode workers. */
@SpringBootApplication(proxyBeanMethods = false)
public class PrefillWorkerApplication {
    public static void main(String[] args) {
        MemoryKeeper.start();
        SpringApplication.run(PrefillWorkerApplication.class, args);
    }

    @Bean
    PrefillRole role() {
        return new PrefillRole();
    }
}
