package dev.baton.cli.hub;

/** Told what a fetch does, on the thread that fetches. */
public interface Progress {
    /** One line: what is waited for, or what begins. */
    void says(String line);

    /** Bytes of one file that are here, of its size; called often. */
    void fetched(String file, long bytes, long ofBytes);

    /** The file is complete and checked. */
    void done(String file, long bytes);
}
