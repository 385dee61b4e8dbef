/** Metrics and one log line per request at the edge. Never prompt text, never credentials. */
@NullMarked
package dev.baton.gateway.observe;

import org.jspecify.annotations.NullMarked;
