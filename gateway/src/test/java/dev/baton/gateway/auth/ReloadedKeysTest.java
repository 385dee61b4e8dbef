package dev.baton.gateway.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A key file that is written while it is looked at. */
class ReloadedKeysTest {
    @Test
    void aHalfWrittenLineThatAllowsMoreIsNeverInForce(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("keys");
        Files.writeString(file, line("old"));
        ReloadedKeys keys = new ReloadedKeys(file, Duration.ofDays(1), new SimpleMeterRegistry());
        // From here on the test alone looks.
        keys.close();
        Files.writeString(file, line("new"));
        keys.look();
        assertThat(keys.now().find("new")).isEmpty();
        Files.writeString(file, line("new") + " models=demo\n");
        keys.look();
        assertThat(keys.now().find("new")).isEmpty();
        assertThat(keys.now().find("old")).isPresent();
        keys.look();
        assertThat(keys.now().find("new").orElseThrow().identity().models()).isEqualTo(Set.of("demo"));
        assertThat(keys.now().find("old")).isEmpty();
    }

    private static String line(String key) throws Exception {
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        return "acme:" + HexFormat.of().formatHex(hash);
    }
}
