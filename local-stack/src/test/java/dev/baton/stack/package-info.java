@NullMarked
package dev.baton.stack;

import org.jspecify.annotations.NullMarked;
