/** Who asks: API keys and the tenants that they stand for. Immutable once read. */
@NullMarked
package dev.baton.gateway.auth;

import org.jspecify.annotations.NullMarked;
