@NullMarked
package dev.baton.gateway.connection;

import org.jspecify.annotations.NullMarked;
