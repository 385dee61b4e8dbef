/** API keys, their tenants and what each may do. What was read from the file is immutable, and replaced when it changes. */
@NullMarked
package dev.baton.gateway.auth;

import org.jspecify.annotations.NullMarked;
