package dev.baton.tokenizer.template;

import java.util.AbstractList;

/** Python's range; at most 100,000 long, as Jinja's sandbox has it. */
final class Range extends AbstractList<Object> {
    private static final int MAX_LENGTH = 100_000;

    private final long start;
    private final long stop;
    private final long step;
    private final int size;

    Range(long start, long stop, long step) {
        if (step == 0) {
            throw new TemplateError("range() arg 3 must not be zero");
        }
        this.start = start;
        this.stop = stop;
        this.step = step;
        double length = step > 0
                ? Math.ceil(((double) stop - start) / step)
                : Math.ceil(((double) start - stop) / -(double) step);
        if (length > MAX_LENGTH) {
            throw new TemplateError("Range too big: at most " + MAX_LENGTH + " items");
        }
        this.size = (int) Math.max(0, length);
    }

    @Override
    public Object get(int index) {
        return start + index * step;
    }

    @Override
    public int size() {
        return size;
    }

    String repr() {
        return step == 1 ? "range(" + start + ", " + stop + ")" : "range(" + start + ", " + stop + ", " + step + ")";
    }
}
