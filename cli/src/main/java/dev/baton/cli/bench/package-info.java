/** Open-loop load against a running gateway, and the tables that come of it. */
@NullMarked
package dev.baton.cli.bench;

import org.jspecify.annotations.NullMarked;
