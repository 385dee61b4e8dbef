/** A chat in the terminal that streams. */
@NullMarked
package dev.baton.cli.chat;

import org.jspecify.annotations.NullMarked;
