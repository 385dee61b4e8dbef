@NullMarked
package dev.baton.transfer;

import org.jspecify.annotations.NullMarked;
