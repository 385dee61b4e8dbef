package dev.baton.cli.up;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StackCredentialsTest {
    @TempDir
    Path state;

    @Test
    void lieInAFileThatOnlyItsOwnerReadsWhateverLayThereBefore() throws Exception {
        Path file = state.resolve("new/credentials");
        Files.createDirectories(file.getParent());
        Files.writeString(file, "open to all");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));

        StackCredentials credentials = StackCredentials.random();
        credentials.writeTo(file);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        Properties read = new Properties();
        read.load(new StringReader(Files.readString(file)));
        assertThat(read)
                .containsEntry("cluster.secret", credentials.secret())
                .containsEntry("redis.password", credentials.redisPassword())
                .containsEntry("kafka.user", credentials.kafka().user())
                .containsEntry("kafka.password", credentials.kafka().password())
                .containsEntry("operator.key", credentials.operatorKey());
        assertThat(StackCredentials.operatorKey(file)).hasValue(credentials.operatorKey());
        assertThat(StackCredentials.operatorKey(state.resolve("absent"))).isEmpty();
    }

    @Test
    void giveTheRolesTheHashOfTheOperatorsKeyOnly() throws Exception {
        Path file = state.resolve("operators");
        StackCredentials credentials = StackCredentials.random();
        credentials.writeOperatorsTo(file);
        String hash = HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256")
                        .digest(credentials.operatorKey().getBytes(StandardCharsets.UTF_8)));
        assertThat(Files.readString(file)).contains("local:operate:" + hash).doesNotContain(credentials.operatorKey());
    }

    @Test
    void differEachTimeAndAreNotShown() {
        StackCredentials one = StackCredentials.random();
        StackCredentials other = StackCredentials.random();
        assertThat(one.secret()).isNotEqualTo(other.secret()).hasSizeGreaterThanOrEqualTo(32);
        assertThat(one.redisPassword())
                .isNotEqualTo(other.redisPassword())
                .isNotEqualTo(one.kafka().password());
        assertThat(one.toString())
                .doesNotContain(one.secret(), one.redisPassword(), one.kafka().password(), one.operatorKey());
    }
}
