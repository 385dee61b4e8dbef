package dev.baton.prefill;

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
    PrefillRole role() {
        return new PrefillRole();
    }
}
