/**
 * A TCP hop that does what networks do: it cuts, swallows, holds back and turns bits over. For tests and chaos; nothing that
 * serves goes through it. Two virtual threads for each connection.
 */
@NullMarked
package dev.baton.stack.proxy;

import org.jspecify.annotations.NullMarked;
