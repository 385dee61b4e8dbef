/** Guesses of tokens to come, and whether they are worth their rows. Pure. The engine's thread alone. */
@NullMarked
package dev.baton.engine.draft;

import org.jspecify.annotations.NullMarked;
