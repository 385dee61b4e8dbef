@NullMarked
package dev.baton.stack.proxy;

import org.jspecify.annotations.NullMarked;
