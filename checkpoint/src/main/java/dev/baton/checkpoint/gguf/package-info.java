/**
 * The GGUF format, and what a GGUF file says in the words of the Hugging Face folder that it was made from. A file is
 * foreign input: nothing in it is believed before it is checked.
 */
@NullMarked
package dev.baton.checkpoint.gguf;

import org.jspecify.annotations.NullMarked;
