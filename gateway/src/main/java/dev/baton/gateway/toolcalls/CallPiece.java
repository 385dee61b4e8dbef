package dev.baton.gateway.toolcalls;

/**
 * A part of one call. The first one has its id and name; later ones, whose name is empty, a piece of the arguments.
 *
 * @param index of the call in its answer, from 0
 * @param arguments JSON text, as far as it has come since the part before
 */
public record CallPiece(int index, String id, String name, String arguments) {
    public boolean first() {
        return !name.isEmpty();
    }

    /** Memory that it takes while it waits. */
    public long bytes() {
        return 2L * (id.length() + name.length() + arguments.length());
    }
}
