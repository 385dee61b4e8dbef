package dev.baton.control.quota;

import java.time.Duration;

/** @param retryAfter when what is missing will be there, if nobody else takes it */
public record Refusal(QuotaKind kind, Duration retryAfter) {}
