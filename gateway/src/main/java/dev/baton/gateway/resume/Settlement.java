package dev.baton.gateway.resume;

import dev.baton.gateway.answer.PreparedRequest;

/** Hears once what an answer took, at the gateway where it ended. */
public interface Settlement {
    /** For nobody. */
    Settlement NONE = (prepared, key, served, cached, generated) -> {};

    /** Another gateway goes on with it and settles the rest. */
    default void handedOver(PreparedRequest prepared, long generated) {}

    /**
     * @param key id of the key that pays
     * @param served false: no worker took it
     * @param cached of the prompt's tokens, those found in a cache
     * @param generated tokens of all choices
     */
    void settle(PreparedRequest prepared, String key, boolean served, int cached, long generated);
}
