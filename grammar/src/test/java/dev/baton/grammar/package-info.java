@NullMarked
package dev.baton.grammar;

import org.jspecify.annotations.NullMarked;
