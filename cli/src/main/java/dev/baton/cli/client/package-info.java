/** The gateway as a plain HTTP client sees it: JSON out, server-sent events in. Safe from any thread. */
@NullMarked
package dev.baton.cli.client;

import org.jspecify.annotations.NullMarked;
