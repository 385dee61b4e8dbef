package dev.baton.tokenizer.template;

/**
 * What one rendering may still spend. Everything whose cost grows with values that the template makes is charged here, so
 * a hostile template ends with an error instead of holding its thread.
 */
final class Budget {
    /** Nodes evaluated, items walked, and one for every 16 characters or elements copied. */
    private static final int STEPS = 4_000_000;

    /** Characters of any one string, and of the output. */
    static final int MAX_CHARS = 16 << 20;

    /** Elements of any one list. */
    private static final int MAX_ITEMS = 1 << 20;

    /** Nested evaluations, calls and values; keeps well inside the stack of any thread. */
    private static final int MAX_DEPTH = 300;

    private int steps;
    private int depth;

    private Budget(int steps) {
        this.steps = steps;
    }

    static Budget full() {
        return new Budget(STEPS);
    }

    /** For values that are known to be small. */
    static Budget small() {
        return new Budget(10_000);
    }

    void step() {
        if (--steps < 0) {
            throw new TemplateError("the rendering takes too many steps (more than " + STEPS + ")");
        }
    }

    void copy(long elements) {
        if (elements > MAX_CHARS) {
            throw new TemplateError("a value grows too large (more than " + MAX_CHARS + ")");
        }
        steps -= (int) (elements >> 4);
        step();
    }

    void items(long count) {
        if (count > MAX_ITEMS) {
            throw new TemplateError("a list grows too large (more than " + MAX_ITEMS + ")");
        }
        copy(count);
    }

    String made(String text) {
        copy(text.length());
        return text;
    }

    void enter() {
        if (++depth > MAX_DEPTH) {
            throw new TemplateError("nested too deeply (more than " + MAX_DEPTH + " levels)");
        }
        step();
    }

    void leave() {
        depth--;
    }
}
