package dev.baton.gateway.sse;

/** Log probabilities of some tokens in a row, in the format of the endpoint. */
public interface LogprobBatch {
    /** These tokens and those of {@code next}, which is of the same kind. */
    LogprobBatch plus(LogprobBatch next);

    String json();
}
