/**
 * A real Kafka broker and a real Redis as child processes. The starter of one owns it and stops it; a recorded
 * {@link dev.baton.stack.ChildProcess} lets a later process do so when the owner died first. No threads of its own.
 */
@NullMarked
package dev.baton.stack;

import org.jspecify.annotations.NullMarked;
