package dev.baton.decode;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** Receives KV and generates; computes a prompt itself when asked to. */
@SpringBootApplication(proxyBeanMethods = false)
public class DecodeWorkerApplication {
    public static void main(String[] args) {
        SpringApplication.run(DecodeWorkerApplication.class, args);
    }

    /** The worker's node starts it and closes it, in its order. */
    @Bean(destroyMethod = "")
    DecodeRole role() {
        return new DecodeRole();
    }
}
