package dev.baton.gateway.auth;

/**
 * Who asks.
 *
 * @param highest the best service tier that the key entitles to
 */
public record Identity(String tenant, ServiceTier highest) {}
