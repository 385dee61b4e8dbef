@NullMarked
package dev.baton.gateway.reasoning;

import org.jspecify.annotations.NullMarked;
