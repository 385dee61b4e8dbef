package dev.baton.config;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.mock.env.MockEnvironment;

class OpenPortsTest {
    @ParameterizedTest
    @CsvSource({
        "baton.worker.listen-address, 0.0.0.0",
        "baton.worker.listen-address, 10.0.0.7",
        "management.server.address, '::'",
    })
    void oneOpenPortOfAnyKindNeedsASecret(String setting, String address) {
        MockEnvironment environment = loopback().withProperty(setting, address);
        assertThatThrownBy(() -> OpenPorts.check(environment, true))
                .isInstanceOf(OpenPortsException.class)
                .hasMessageContaining(setting + "=" + address)
                .hasMessageContaining("baton.cluster.secret");
        environment.setProperty("baton.cluster.secret", "the secret of this cluster");
        assertThatCode(() -> OpenPorts.check(environment, true)).doesNotThrowAnyException();
    }

    @Test
    void aPortWithoutAnAddressIsOpen() {
        assertThatThrownBy(() -> OpenPorts.check(new MockEnvironment(), true))
                .hasMessageContaining("server.address (not set: all interfaces)");
        MockEnvironment management = new MockEnvironment()
                .withProperty("server.address", "127.0.0.1")
                .withProperty("management.server.port", "8090");
        assertThatThrownBy(() -> OpenPorts.check(management, true))
                .hasMessageContaining("management.server.address (not set: all interfaces)");
    }

    /** A worker's only web server is its management port. */
    @Test
    void namesAllOpenPortsAtOnce() {
        MockEnvironment worker = new MockEnvironment()
                .withProperty("baton.worker.listen-address", "0.0.0.0")
                .withProperty("server.address", "0.0.0.0");
        assertThatThrownBy(() -> OpenPorts.check(worker, true))
                .hasMessageContaining("baton.worker.listen-address=0.0.0.0, server.address=0.0.0.0");
    }

    @Test
    void aManagementPortThatLetsEverybodyInStaysOnLoopback() {
        MockEnvironment environment = loopback()
                .withProperty("baton.cluster.secret", "the secret of this cluster")
                .withProperty("baton.management.secured", "false");
        assertThatCode(() -> OpenPorts.check(environment, true)).doesNotThrowAnyException();
        environment.setProperty("management.server.address", "0.0.0.0");
        assertThatThrownBy(() -> OpenPorts.check(environment, true))
                .hasMessageContaining("baton.management.secured is false")
                .hasMessageContaining("management.server.address=0.0.0.0");
        environment.setProperty("baton.management.secured", "true");
        assertThatCode(() -> OpenPorts.check(environment, true)).doesNotThrowAnyException();
    }

    /** API keys guard it, by a rule of its own. */
    @Test
    void aGatewaysApiPortMayBeOpen() {
        MockEnvironment gateway = loopback().withProperty("server.address", "0.0.0.0");
        assertThatCode(() -> OpenPorts.check(gateway, true)).doesNotThrowAnyException();
    }

    @Test
    void loopbackAndPortsThatAreOffNeedNone() {
        assertThatCode(() -> OpenPorts.check(loopback(), true)).doesNotThrowAnyException();
        assertThatCode(() -> OpenPorts.check(
                        new MockEnvironment()
                                .withProperty("server.port", "-1")
                                .withProperty("management.server.port", "-1"),
                        true))
                .doesNotThrowAnyException();
        assertThatCode(() -> OpenPorts.check(new MockEnvironment(), false)).doesNotThrowAnyException();
    }

    private static MockEnvironment loopback() {
        return new MockEnvironment()
                .withProperty("baton.worker.listen-address", "localhost")
                .withProperty("server.address", "127.0.0.1")
                .withProperty("management.server.port", "8090")
                .withProperty("management.server.address", "::1");
    }
}
