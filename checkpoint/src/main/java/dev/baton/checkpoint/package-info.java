/** The files of a model: a Hugging Face folder, or a GGUF file seen as one. No thread of its own; nothing is kept open. */
@NullMarked
package dev.baton.checkpoint;

import org.jspecify.annotations.NullMarked;
