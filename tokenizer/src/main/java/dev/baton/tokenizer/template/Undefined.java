package dev.baton.tokenizer.template;

/**
 * A name or attribute that is not there: false, empty, printed as nothing, and an error when anything more is asked of it.
 *
 * @param hint the error
 */
record Undefined(String hint) {
    static Undefined name(String name) {
        return new Undefined("'" + name + "' is undefined");
    }

    static Undefined attribute(Object owner, Object attribute) {
        String what = attribute instanceof String s ? Python.repr(s) : Python.str(attribute, Budget.small());
        return new Undefined(
                attribute instanceof String
                        ? "'" + ownerName(owner) + "' has no attribute " + what
                        : ownerName(owner) + " has no element " + what);
    }

    private static String ownerName(Object owner) {
        return owner instanceof None ? "None" : Python.typeName(owner) + " object";
    }

    TemplateError error() {
        return new TemplateError(hint);
    }
}
