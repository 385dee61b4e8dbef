package dev.baton.cli.chaos.faults;

/** One thing that goes wrong. It is struck once and then healed once, whatever happens between. */
public interface Fault {
    /**
     * Does it, and proves that it took effect.
     *
     * @throws dev.baton.cli.host.CliException beginning with {@code fault not applied} when it did not
     */
    void strike();

    /**
     * Undoes it, and waits until what was struck serves again.
     *
     * @throws dev.baton.cli.host.CliException when that takes too long
     */
    void heal();
}
