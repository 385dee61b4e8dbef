package dev.baton.cluster.answers;

import java.time.Duration;

/**
 * An answer as it was read.
 *
 * @param ended nothing more will come
 * @param left until its deadline
 * @param request empty when it was not asked for
 * @param log from where it was asked for, perhaps not to its end
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record StoredAnswer(long epoch, boolean ended, Duration left, byte[] request, byte[] log) {}
