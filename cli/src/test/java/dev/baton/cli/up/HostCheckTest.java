package dev.baton.cli.up;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.cli.host.CliException;
import dev.baton.cli.up.HostCheck.Room;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostCheckTest {
    private static final long MIB = 1L << 20;
    private static final Optional<Long> PLENTY = Optional.of(1L << 50);

    @TempDir
    Path folder;

    private StackPlan plan;

    @BeforeEach
    void makePlan() throws IOException {
        plan = plan(18_080);
    }

    @Test
    void takesAPlanForWhichThereIsRoomOrNobodyCanTell() {
        assertThatCode(() -> HostCheck.enough(plan, new Room(OptionalInt.empty(), PLENTY, PLENTY)))
                .doesNotThrowAnyException();
        assertThatCode(() -> HostCheck.enough(plan, new Room(OptionalInt.empty(), Optional.empty(), Optional.empty())))
                .doesNotThrowAnyException();
    }

    @Test
    void namesThePortThatIsTaken() throws IOException {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            StackPlan taken = plan(other.getLocalPort());
            assertThatThrownBy(() -> HostCheck.enough(taken, Room.of(taken)))
                    .isInstanceOf(CliException.class)
                    .hasMessageContaining("port " + other.getLocalPort())
                    .hasMessageContaining("--port");
        }
    }

    @Test
    void namesTheFolderAndTheSettingWhenThePoolsDoNotFit() {
        assertThatThrownBy(() -> HostCheck.enough(plan, new Room(OptionalInt.empty(), Optional.of(767 * MIB), PLENTY)))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("767 MiB")
                .hasMessageContaining("3 workers want 256 MiB each")
                .hasMessageContaining("--kv-memory")
                .hasMessageContaining(plan.poolFolder().toString());
    }

    @Test
    void namesTheSettingsWhenMemoryIsShort() {
        assertThatThrownBy(() -> HostCheck.enough(plan, new Room(OptionalInt.empty(), PLENTY, Optional.of(1024 * MIB))))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("1024 MiB of memory are available")
                .hasMessageContaining("--prefill, --decode or --kv-memory");
    }

    private StackPlan plan(int port) throws IOException {
        return new StackPlan(StackPlanTest.modelIn(folder), 1, 2, port, 256, 1, List.of(), List.of());
    }
}
