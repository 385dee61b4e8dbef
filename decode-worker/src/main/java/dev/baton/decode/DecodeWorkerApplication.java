package dev.baton.decode;

import dev.baton.kv.ffm.MemoryKeeper;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** Receives KV and generates; computes a prompt itself when asked to. */
@SpringBootApplication(proxyBeanMethods = false)
public class DecodeWorkerApplication {
    public static void main(String[] args) {
        MemoryKeeper.start();
        SpringApplication.run(DecodeWorkerApplication.class, args);
    }

    @Bean
    DecodeRole role() {
        return new DecodeRole();
    }
}
