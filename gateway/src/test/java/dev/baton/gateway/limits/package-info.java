@NullMarked
package dev.baton.gateway.limits;

import org.jspecify.annotations.NullMarked;
