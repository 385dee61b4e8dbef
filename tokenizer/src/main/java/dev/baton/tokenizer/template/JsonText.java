package dev.baton.tokenizer.template;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object that came as text, such as the arguments of a tool call. Templates find the object in it, and where they
 * write it or add it to a string, the text as it came.
 */
public record JsonText(RenderedText text, Map<String, ? extends @Nullable Object> object) {}
