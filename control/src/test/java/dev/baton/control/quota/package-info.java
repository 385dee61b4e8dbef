@NullMarked
package dev.baton.control.quota;

import org.jspecify.annotations.NullMarked;
