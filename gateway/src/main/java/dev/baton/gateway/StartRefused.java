package dev.baton.gateway;

/** The gateway will not start as it is set up; says what to change. */
final class StartRefused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String action;

    StartRefused(String message, String action) {
        super(message);
        this.action = action;
    }

    String action() {
        return action;
    }
}
