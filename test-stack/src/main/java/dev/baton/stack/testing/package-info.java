/**
 * Kafka and Redis for tests. One of each per JVM, started at first use and ended with the JVM; a test keeps to topics
 * and keys of its own. What ran on which kind of stack is counted, and {@link dev.baton.stack.testing.StackUsage} says
 * so at the end of the build.
 */
@NullMarked
package dev.baton.stack.testing;

import org.jspecify.annotations.NullMarked;
