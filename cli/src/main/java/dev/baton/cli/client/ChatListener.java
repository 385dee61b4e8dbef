package dev.baton.cli.client;

import tools.jackson.databind.JsonNode;

/** Hears of one streamed answer, on the thread that asked. */
public interface ChatListener {
    void text(String delta);

    default void finished(String reason) {}

    default void usage(JsonNode usage) {}

    /** Where the time went on the way, when the gateway says so. */
    default void timing(JsonNode timing) {}
}
