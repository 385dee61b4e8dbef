package dev.baton.cli.up;

import dev.baton.cli.Baton;
import dev.baton.cli.CliException;
import dev.baton.cli.client.GatewayClient;
import dev.baton.stack.Ports;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import picocli.CommandLine.Command;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code baton prepare}: uses the whole path for a while, so that each role leaves a start-up cache. It holds classes
 * and how often each method was called: what a request passes through is then compiled when a role starts, and not
 * after its first hundreds of requests. The build calls it.
 */
@Command(name = "prepare", hidden = true, description = "Records start-up caches.")
public final class PrepareCommand implements Runnable {
    private static final int KV_MEBIBYTES = 64;
    private static final Duration USE = Duration.ofSeconds(20);
    private static final int CLIENTS = 4;

    @Override
    public void run() {
        StackPlan plan = new StackPlan(
                Baton.home().resolve("models/demo"),
                1,
                1,
                freePort(),
                KV_MEBIBYTES,
                1,
                List.of("--baton.dispatch.mode=SPLIT"),
                List.of());
        try (LocalStack stack = LocalStack.start(StackPlace.recording(), plan, line -> {});
                GatewayClient gateway = new GatewayClient(stack.url(), null)) {
            use(gateway, stack.modelName(), System.nanoTime() + USE.toNanos());
        }
    }

    private static void use(GatewayClient gateway, String model, long end) {
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                int client = i;
                all.add(clients.submit(() -> {
                    for (int n = 0; System.nanoTime() < end; n++) {
                        gateway.chat(chat(model, "%d, %d: tell me a story.".formatted(client, n)), text -> {});
                    }
                }));
            }
            for (Future<?> each : all) {
                each.get();
            }
        } catch (ExecutionException e) {
            throw new CliException("the path could not be used: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted", e);
        }
    }

    private static ObjectNode chat(String model, String text) {
        ObjectNode request = JsonMapper.shared().createObjectNode();
        request.put("model", model).put("max_tokens", 16);
        request.putArray("messages").addObject().put("role", "user").put("content", text);
        request.putObject("stream_options").put("include_usage", true);
        return request;
    }

    private static int freePort() {
        try {
            return Ports.free(1).getFirst();
        } catch (IOException e) {
            throw new CliException("no free port: " + e.getMessage(), e);
        }
    }
}
