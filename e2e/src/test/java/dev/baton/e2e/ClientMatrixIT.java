package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/**
 * The official JavaScript and Python clients and the AI SDK, unchanged, against the real path: streams, tools, schemas,
 * responses, errors. Where a language or its packages are missing that is said, and the rest runs.
 */
@WithBaton
@Order(3)
class ClientMatrixIT {
    private static RunningBaton baton;
    private static CompletableFuture<ForeignClients> node;
    private static CompletableFuture<ForeignClients> python;

    @BeforeAll
    static void find(RunningBaton running) {
        baton = running;
        node = CompletableFuture.supplyAsync(ForeignClients::node);
        python = CompletableFuture.supplyAsync(ForeignClients::python);
    }

    @Test
    void javaScriptClientsWork() {
        check(node.join());
    }

    @Test
    void thePythonClientWorks() {
        check(python.join());
    }

    private static void check(ForeignClients clients) {
        assumeTrue(clients.missing == null, () -> "skipped: " + clients.missing);
        assertThat(clients.check(baton.url() + "/v1")).isNull();
    }
}
