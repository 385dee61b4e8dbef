package dev.baton.libtorch;

import ai.djl.util.Platform;
import ai.djl.util.Utils;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The library between Java and libtorch, which is built for one libtorch: the one of this build, unless DJL's variables
 * name another that was put where DJL looks.
 *
 * @param version of libtorch: "2.7.1" say
 * @param flavor DJL's word for its CUDA: "cu128" say
 */
record Binding(String version, String flavor) {
    static final String VERSION = "PYTORCH_VERSION";
    static final String FLAVOR = "PYTORCH_FLAVOR";

    /** The only binding for CUDA in the {@code pytorch-jni} that this build brings. */
    private static final String BROUGHT = "cu128";

    private static final Pattern CUDA = Pattern.compile("cu(\\d+)(\\d)");

    static Binding configured() {
        return of(Utils.getEnvOrSystemProperty(VERSION), Utils.getEnvOrSystemProperty(FLAVOR));
    }

    static Binding of(@Nullable String version, @Nullable String flavor) {
        return new Binding(
                version == null || version.isBlank() ? ofThisBuild() : version,
                flavor == null || flavor.isBlank() ? BROUGHT : flavor);
    }

    private static String ofThisBuild() {
        String version = Platform.detectPlatform("pytorch").getVersion();
        int date = version.indexOf('-');
        return date < 0 ? version : version.substring(0, date);
    }

    /** For people: the libtorch it fits. */
    @Override
    public String toString() {
        Matcher cuda = CUDA.matcher(flavor);
        return cuda.matches()
                ? "libtorch %s for CUDA %s.%s (%s)".formatted(version, cuda.group(1), cuda.group(2), flavor)
                : "libtorch %s (%s)".formatted(version, flavor);
    }
}
