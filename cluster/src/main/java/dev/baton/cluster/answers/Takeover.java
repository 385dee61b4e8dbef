package dev.baton.cluster.answers;

/** What became of a takeover. */
public sealed interface Takeover {
    /** This gateway owns it now. */
    record Took(OwnedAnswer answer, StoredAnswer stored) implements Takeover {}

    /** Another gateway was first. */
    record Taken(long epoch) implements Takeover {}

    /** There is nothing to go on with: it has ended, or it is not known. */
    record Over() implements Takeover {}
}
