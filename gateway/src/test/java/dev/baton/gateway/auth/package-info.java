@NullMarked
package dev.baton.gateway.auth;

import org.jspecify.annotations.NullMarked;
