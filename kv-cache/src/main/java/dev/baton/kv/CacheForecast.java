package dev.baton.kv;

/**
 * What a cache finds, and what it would find with twice the memory, by shadows that hold names alone. All counts are of
 * blocks since the start; those of a pool too large to be watched are 0.
 *
 * @param touches blocks that were asked for by name or newly named
 * @param hits of them, of a cache as large as the pool
 * @param hitsOfTwice of them, of a cache twice as large
 * @param guardedShare of the cache that is set aside for what was asked for more than once, 0 to 1
 */
public record CacheForecast(long touches, long hits, long hitsOfTwice, double guardedShare) {}
