package dev.baton.cli.chaos;

import dev.baton.cli.bench.Prompts;
import dev.baton.cli.bench.StackCounters;
import dev.baton.cli.client.ChatListener;
import dev.baton.cli.client.GatewayClient;
import dev.baton.cli.host.CliException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import tools.jackson.databind.node.ObjectNode;

/** Clients that ask at once and hang up when the first words have come. The gateway's count of them is the proof. */
final class LeavingClients implements Fault {
    private static final int CLIENTS = 20;
    private static final int WORDS = 30;
    private static final int TOKENS = 400;
    private static final Duration COUNTED_WITHIN = Duration.ofSeconds(10);

    private final GatewayClient gateway;
    private final String model;
    private final StackCounters counters;
    private final Prompts prompts;

    LeavingClients(GatewayClient gateway, String model, StackCounters counters, long seed) {
        this.gateway = gateway;
        this.model = model;
        this.counters = counters;
        this.prompts = new Prompts(seed);
    }

    @Override
    public void strike() {
        double before = cancelled();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < CLIENTS; i++) {
                ObjectNode chat = Cases.chat(model, prompts.text(WORDS), TOKENS);
                threads.execute(() -> askAndLeave(chat));
            }
        }
        Faults.applied(
                Faults.within(COUNTED_WITHIN, () -> cancelled() >= before + 1), "no client that left was counted");
    }

    private void askAndLeave(ObjectNode chat) {
        try {
            gateway.chat(chat, new ChatListener() {
                @Override
                public void text(String delta) {
                    throw new CancellationException("left");
                }
            });
        } catch (CancellationException | CliException e) {
            // It has left, or was refused while another fault lasts.
        }
    }

    private double cancelled() {
        return counters.sum("gateway", "baton_dispatch_ended_total", "outcome=\"cancelled\"");
    }

    /** Nothing is broken. */
    @Override
    public void heal() {}
}
