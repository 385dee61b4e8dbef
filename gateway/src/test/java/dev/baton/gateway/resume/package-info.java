@NullMarked
package dev.baton.gateway.resume;

import org.jspecify.annotations.NullMarked;
