/** The main class of the broker's own JVM; the only code here that sees Kafka's classes. */
@NullMarked
package dev.baton.stack.kafka;

import org.jspecify.annotations.NullMarked;
