/** Spans: where the time of one request goes, across the processes that it passes. The only package that knows OpenTelemetry. */
@NullMarked
package dev.baton.cluster.tracing;

import org.jspecify.annotations.NullMarked;
