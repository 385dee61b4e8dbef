@NullMarked
package dev.baton.config.logs;

import org.jspecify.annotations.NullMarked;
