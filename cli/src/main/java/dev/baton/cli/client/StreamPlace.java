package dev.baton.cli.client;

/** How far a client is with a stream that any gateway can go on with. One thread. */
final class StreamPlace {
    private String stream = "";
    private String after = "";
    private String coming = "";

    void opened(String id) {
        stream = id;
    }

    boolean isOpen() {
        return !stream.isEmpty();
    }

    /** The id of the event whose data comes next. */
    void id(String id) {
        coming = id;
    }

    /** That event was taken. */
    void taken() {
        if (!coming.isEmpty()) {
            after = coming;
            coming = "";
        }
    }

    String last() {
        return after;
    }

    String path() {
        return "/v1/streams/" + stream + (after.isEmpty() ? "" : "?after=" + after);
    }
}
