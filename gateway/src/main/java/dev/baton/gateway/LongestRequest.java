package dev.baton.gateway;

import java.time.Duration;

/** How long any request may take, whatever its client asks for. */
record LongestRequest(Duration duration) {}
