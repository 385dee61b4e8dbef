package dev.baton.tokenizer.template;

/** Whatever a template can call: a global function, a method bound to its value, a macro, a recursive loop. */
@FunctionalInterface
interface Callable {
    Object call(Arguments args);
}
