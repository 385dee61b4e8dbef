package dev.baton.tokenizer;

/** For vocabularies whose tokens are bytes: all bytes of the answer are one UTF-8 text. */
final class ByteTextStream extends TextStream {
    private final TokenTable table;
    private final boolean skipSpecial;
    private final Utf8Stream utf8 = new Utf8Stream();
    private final StringBuilder out = new StringBuilder();

    ByteTextStream(TokenTable table, boolean skipSpecial) {
        this.table = table;
        this.skipSpecial = skipSpecial;
    }

    @Override
    public String push(int token) {
        if (!table.has(token) || (skipSpecial && table.isSpecial(token))) {
            return "";
        }
        utf8.decode(table.bytes(token), out);
        return take();
    }

    @Override
    public String flush() {
        utf8.finish(out);
        return take();
    }

    private String take() {
        String text = out.toString();
        out.setLength(0);
        return text;
    }
}
