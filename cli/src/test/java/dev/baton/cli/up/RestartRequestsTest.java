package dev.baton.cli.up;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RestartRequestsTest {
    @TempDir
    Path state;

    @Test
    void givesEachRequestOnce() {
        RestartRequests requests = new RestartRequests(state);
        assertThat(requests.take()).isEmpty();
        requests.ask("decode-0");
        requests.ask("decode-0");
        requests.ask("gateway");
        assertThat(new RestartRequests(state).take()).containsExactlyInAnyOrder("decode-0", "gateway");
        assertThat(requests.take()).isEmpty();
    }
}
