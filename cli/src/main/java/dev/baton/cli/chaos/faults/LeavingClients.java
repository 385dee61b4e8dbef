package dev.baton.cli.chaos.faults;

import dev.baton.cli.bench.Prompts;
import dev.baton.cli.bench.StackCounters;
import dev.baton.cli.client.ChatListener;
import dev.baton.cli.client.GatewayClient;
import dev.baton.cli.host.CliException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import tools.jackson.databind.node.ObjectNode;

/**
 * Clients that ask at once. When a part of them have got words, all of those hang up together, and the rest as soon as words
 * come. The gateways' count of them is the proof.
 */
final class LeavingClients implements Fault {
    private static final int WORDS = 30;
    private static final Duration BEGIN_WITHIN = Duration.ofSeconds(20);
    private static final Duration COUNTED_WITHIN = Duration.ofSeconds(15);

    private final int clients;
    private final GatewayClient gateway;
    private final Function<String, ObjectNode> chats;
    private final StackCounters counters;
    private final Prompts prompts;

    /** @param chats of a text, long enough that a client leaves in the middle */
    LeavingClients(
            int clients, GatewayClient gateway, Function<String, ObjectNode> chats, StackCounters counters, long seed) {
        this.clients = clients;
        this.gateway = gateway;
        this.chats = chats;
        this.counters = counters;
        this.prompts = new Prompts(seed);
    }

    @Override
    public void strike() {
        double before = cancelled();
        AtomicInteger left = new AtomicInteger();
        CountDownLatch begun = new CountDownLatch(Math.max(1, clients / 4));
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < clients; i++) {
                ObjectNode chat = chats.apply(prompts.text(WORDS));
                threads.execute(() -> askAndLeave(chat, begun, left));
            }
        }
        // One whose answer ended in the same moment is not counted.
        Proof.applied(
                left.get() > 0 && Proof.within(COUNTED_WITHIN, () -> cancelled() >= before + (left.get() + 1) / 2),
                "of " + left + " clients that left, fewer than half were counted");
    }

    private void askAndLeave(ObjectNode chat, CountDownLatch begun, AtomicInteger left) {
        try {
            gateway.chat(chat, new ChatListener() {
                private boolean first = true;

                @Override
                public void text(String delta) {
                    if (first) {
                        first = false;
                        begun.countDown();
                        await(begun);
                        left.incrementAndGet();
                        throw new CancellationException("left");
                    }
                }
            });
        } catch (CancellationException | CliException e) {
            // It has left, or was refused while another fault lasts.
        }
    }

    private static void await(CountDownLatch begun) {
        try {
            begun.await(BEGIN_WITHIN.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        }
    }

    private double cancelled() {
        return counters.sum("gateway", "baton_dispatch_ended_total", "outcome=\"cancelled\"");
    }

    /** Nothing is broken. */
    @Override
    public void heal() {}
}
