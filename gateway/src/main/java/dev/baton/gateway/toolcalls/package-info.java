/**
 * Calls of tools in the text of an answer: how the served model writes them, what text an answer with tools may be, and the
 * calls that are read back out of it as it comes.
 */
@NullMarked
package dev.baton.gateway.toolcalls;

import org.jspecify.annotations.NullMarked;
