package dev.baton.cli.up;

import dev.baton.cli.client.GatewayClient;
import dev.baton.cli.host.CliException;
import dev.baton.cli.host.Installation;
import dev.baton.stack.Ports;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Command;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** {@code baton prepare}: runs the whole path once, so that each role leaves a start-up cache. The build calls it. */
@Command(name = "prepare", hidden = true, description = "Records start-up caches.")
public final class PrepareCommand implements Runnable {
    private static final int KV_MEBIBYTES = 64;
    private static final Duration SERVED_WITHIN = Duration.ofSeconds(90);

    @Override
    public void run() {
        StackPlan plan = new StackPlan(
                Installation.home().resolve("models/demo"),
                1,
                1,
                freePort(),
                KV_MEBIBYTES,
                1,
                List.of("--baton.dispatch.mode=SPLIT"),
                List.of());
        try (LocalStack stack = LocalStack.start(StackEnvironment.recording(), plan, line -> {});
                GatewayClient gateway = new GatewayClient(stack.url(), null)) {
            ObjectNode request = JsonMapper.shared().createObjectNode();
            request.put("model", stack.modelName()).put("max_tokens", 32);
            request.putArray("messages").addObject().put("role", "user").put("content", "Tell me a story.");
            chatOnceServed(gateway, request);
        }
    }

    /** The gateway is ready a moment before it has heard of each worker, longer on a busy machine, and refuses until then. */
    private static void chatOnceServed(GatewayClient gateway, ObjectNode request) {
        long deadline = System.nanoTime() + SERVED_WITHIN.toNanos();
        while (true) {
            try {
                gateway.chat(request, text -> {});
                return;
            } catch (CliException e) {
                if (System.nanoTime() - deadline >= 0) {
                    throw e;
                }
                LocalStack.pause();
            }
        }
    }

    private static int freePort() {
        try {
            return Ports.free(1).getFirst();
        } catch (IOException e) {
            throw new CliException("no free port: " + e.getMessage(), e);
        }
    }
}
