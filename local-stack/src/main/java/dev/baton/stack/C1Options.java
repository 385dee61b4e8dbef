package dev.baton.stack;

import java.util.List;

/**
 * JVM options that use the first compiler (C1) alone, and early: a method is as fast as it gets after twenty calls. The hot
 * code of Baton is C; the second compiler would take cores from it for minutes (ADR 010).
 */
public final class C1Options {
    public static final List<String> ALL = List.of("-XX:TieredStopAtLevel=1", "-XX:CompileThresholdScaling=0.1");

    private C1Options() {}
}
