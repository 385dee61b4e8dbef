package dev.baton.tokenizer.template;

import java.util.List;

/** What {@code keys()}, {@code values()} and {@code items()} give: counted and walked, but not indexed. */
record View(String type, List<Object> items) {}
