package dev.baton.tokenizer.template;

/** What went wrong while a template was read or run, before the line is known; becomes a {@link TemplateException}. */
final class TemplateError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String what;

    TemplateError(String what) {
        super(what, null, false, false);
        this.what = what;
    }

    String what() {
        return what;
    }
}
