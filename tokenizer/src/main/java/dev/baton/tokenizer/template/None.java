package dev.baton.tokenizer.template;

/** Python's None, so that no value in a rendering is a Java null. */
enum None {
    NONE
}
