package dev.baton.cluster.answers;

/**
 * An answer of a tenant. Who does not know the tenant does not find it.
 *
 * @param id random
 */
public record AnswerKey(String tenant, String id) {}
