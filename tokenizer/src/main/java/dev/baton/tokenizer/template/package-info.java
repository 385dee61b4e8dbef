/**
 * The part of Jinja that chat templates use, with the results of Python: lexer, parser to a sealed tree, evaluator under
 * limits. A {@link dev.baton.tokenizer.template.ChatTemplate} is immutable and shared; one rendering stays on its thread.
 */
@NullMarked
package dev.baton.tokenizer.template;

import org.jspecify.annotations.NullMarked;
