package dev.baton.cli.up;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class RoleCommandsTest {
    @Test
    void aGivenSettingReplacesTheStacksOwn() {
        assertThat(RoleCommands.overridden(
                        List.of("--baton.kv.memory=256MB", "--server.port=1"),
                        List.of("--baton.kv.memory=1GB", "--baton.kv.memory=2GB", "--a=b=c")))
                .containsExactly("--baton.kv.memory=2GB", "--server.port=1", "--a=b=c");
    }
}
