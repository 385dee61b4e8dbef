@NullMarked
package dev.baton.transfer.pool;

import org.jspecify.annotations.NullMarked;
