package dev.baton.tokenizer.template;

import java.util.Iterator;

/** A Python generator: walked once, lazily, always true, without a length. */
record Generator(Iterator<Object> items) {}
