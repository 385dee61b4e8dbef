/**
 * Chat messages to token ids, and token ids back to text that never splits a code point. A {@link
 * dev.baton.tokenizer.ModelTokenizer} may be used by all threads; the caller that opened it closes it; a {@link
 * dev.baton.tokenizer.TextStream} belongs to one answer and is used by one thread at a time.
 */
@NullMarked
package dev.baton.tokenizer;

import org.jspecify.annotations.NullMarked;
