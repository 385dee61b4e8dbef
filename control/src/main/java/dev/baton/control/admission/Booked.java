package dev.baton.control.admission;

/** Places that are kept for a tenant of that weight. */
public record Booked(int places, int weight) {}
