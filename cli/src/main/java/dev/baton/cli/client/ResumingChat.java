package dev.baton.cli.client;

import dev.baton.cli.host.CliException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import tools.jackson.databind.node.ObjectNode;

/**
 * One chat that outlives connections and gateways: where its stream breaks it goes on at the next gateway from the event that it
 * had last, and where it broke before it began, its key finds the answer that runs already.
 */
public final class ResumingChat {
    private static final Duration PAUSE = Duration.ofMillis(250);
    /** Without anything new. */
    private static final Duration NOTHING_NEW = Duration.ofSeconds(60);
    /** A store that came back empty has the answer again within this, from the gateway that runs it. */
    private static final Duration NOT_FOUND = Duration.ofSeconds(5);

    private final List<GatewayClient> gateways;
    private final String key = UUID.randomUUID().toString();
    private final StreamPlace place = new StreamPlace();
    private int breaks;

    /** @param gateways the one to ask first, and those to go on at */
    public ResumingChat(List<GatewayClient> gateways) {
        this.gateways = List.copyOf(gateways);
    }

    /** How often it went on after its way to a gateway had broken. */
    public int breaks() {
        return breaks;
    }

    /**
     * Streams a chat completion and blocks until it ends.
     *
     * @throws CliException when a gateway refuses, the stream ends with an error or falls silent, or nothing new comes of it
     *     from any gateway for a minute
     */
    public void chat(ObjectNode request, ChatListener listener) {
        String known = "";
        long since = System.nanoTime();
        for (int tries = 0; ; tries++) {
            GatewayClient gateway = gateways.get(tries % gateways.size());
            try {
                if (place.isOpen()) {
                    gateway.goOn(place, listener);
                } else {
                    gateway.begin(request, key, place, listener);
                }
                return;
            } catch (CliException e) {
                if (!place.last().equals(known)) {
                    known = place.last();
                    since = System.nanoTime();
                }
                if (System.nanoTime() - since > mostFor(e).toNanos()) {
                    throw e;
                }
                breaks += e instanceof BrokenStreamException && place.isOpen() ? 1 : 0;
            }
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }

    /** How long after the last event another gateway may still help. */
    private Duration mostFor(CliException failure) {
        if (failure instanceof BrokenStreamException) {
            return NOTHING_NEW;
        }
        String message = String.valueOf(failure.getMessage());
        if (place.isOpen() && message.startsWith("HTTP 503")) {
            return NOTHING_NEW;
        }
        return place.isOpen() && message.startsWith("HTTP 404") ? NOT_FOUND : Duration.ofNanos(-1);
    }
}
