package dev.baton.bench.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.stream.Stream;

/** The machine a table was made on. */
public final class HostDescription {
    private static final List<String> TELLING =
            List.of("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8");

    private HostDescription() {}

    /** Date, CPU, what it can do beyond the common, cores, load. */
    public static String describe() {
        String cpu = field("model name", "an unknown CPU");
        List<String> flags = List.of(field("flags", "").split(" "));
        return "%s, %s with %s, %d cores, load average %s"
                .formatted(
                        LocalDate.now(),
                        cpu,
                        String.join(
                                ", ", TELLING.stream().filter(flags::contains).toList()),
                        Runtime.getRuntime().availableProcessors(),
                        load());
    }

    private static String field(String name, String otherwise) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith(name))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(otherwise);
        } catch (IOException e) {
            return otherwise;
        }
    }

    private static String load() {
        try {
            return Files.readString(Path.of("/proc/loadavg")).split(" ")[0];
        } catch (IOException e) {
            return "unknown";
        }
    }
}
