package dev.baton.stack;

import java.util.List;

/**
 * A JVM that is as quick after twenty calls of a method as it gets: the first compiler alone, and early. What is hot in
 * Baton is C; the second compiler would take the cores from it for minutes (ADR 010).
 */
public final class QuickJvm {
    public static final List<String> OPTIONS = List.of("-XX:TieredStopAtLevel=1", "-XX:CompileThresholdScaling=0.1");

    private QuickJvm() {}
}
