/** Logging that no request waits for: a bounded queue, which one thread of its own writes. */
@NullMarked
package dev.baton.config.logs;

import org.jspecify.annotations.NullMarked;
