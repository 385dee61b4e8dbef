package dev.baton.tokenizer.template;

/**
 * @param text the name or operator, the text of a string or of data, the digits of a number
 * @param line from 1
 */
record Token(Kind kind, String text, int line) {
    enum Kind {
        DATA,
        VARIABLE_BEGIN,
        VARIABLE_END,
        BLOCK_BEGIN,
        BLOCK_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    boolean isOperator(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    /** Whether a test's argument without brackets begins here, as in {@code is divisibleby 3}. */
    boolean beginsTestArgument() {
        return switch (kind) {
            case NAME -> !text.equals("else") && !text.equals("or") && !text.equals("and");
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> text.equals("[") || text.equals("{");
            case DATA, VARIABLE_BEGIN, VARIABLE_END, BLOCK_BEGIN, BLOCK_END, END -> false;
        };
    }

    String describe() {
        return switch (kind) {
            case END -> "end of template";
            case VARIABLE_BEGIN -> "begin of print statement";
            case VARIABLE_END -> "end of print statement";
            case BLOCK_BEGIN -> "begin of statement block";
            case BLOCK_END -> "end of statement block";
            case DATA -> "template data";
            case NAME, STRING, INTEGER, FLOAT, OPERATOR -> text;
        };
    }
}
