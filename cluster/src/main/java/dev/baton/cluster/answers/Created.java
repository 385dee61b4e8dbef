package dev.baton.cluster.answers;

/** What became of a new answer. */
public sealed interface Created {
    /** It is there, and this gateway owns it. */
    record Mine() implements Created {}

    /** The client's key stands for this one already. */
    record Exists(String id) implements Created {}

    /** The tenant has no room for so many bytes. */
    record Full() implements Created {}

    /** It is there already, and another gateway owns it. */
    record Lost() implements Created {}
}
