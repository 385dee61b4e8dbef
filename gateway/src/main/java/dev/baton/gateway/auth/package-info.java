/** API keys and their tenants. Immutable once read. */
@NullMarked
package dev.baton.gateway.auth;

import org.jspecify.annotations.NullMarked;
