package dev.baton.cli.doctor;

/** One thing that the doctor looked at. */
record Finding(State state, String what, String detail) {
    enum State {
        FINE,
        NOTE,
        MISSING
    }

    static Finding fine(String what, String detail) {
        return new Finding(State.FINE, what, detail);
    }

    static Finding note(String what, String detail) {
        return new Finding(State.NOTE, what, detail);
    }

    /** @param remedy what to do */
    static Finding missing(String what, String detail, String remedy) {
        return new Finding(State.MISSING, what, detail + " – " + remedy);
    }
}
