package dev.baton.cli.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ChaosSumCommandTest {
    @TempDir
    Path folder;

    @Test
    void addsUpWhatTheFilesSay() throws IOException {
        assertThat(sum(report("one", 1), report("two", 2))).contains("Seed 1, 2: 0 faults");
    }

    @Test
    void namesTheFileThatItCannotAdd() throws IOException {
        Path other = Files.writeString(folder.resolve("other"), "{}");
        assertThatThrownBy(() -> sum(other)).hasMessage("cannot add " + other + ": not the report of a run of chaos");
        Path none = folder.resolve("none");
        assertThatThrownBy(() -> sum(none)).hasMessage("cannot add " + none + ": there is no such file");
    }

    private Path report(String name, long seed) throws IOException {
        ChaosTally tally = new ChaosTally();
        tally.seed(seed);
        return Files.writeString(folder.resolve(name), tally.json());
    }

    private static String sum(Path... files) {
        StringWriter text = new StringWriter();
        CommandLine command = new CommandLine(new ChaosSumCommand()).setOut(new PrintWriter(text));
        String[] names = new String[files.length];
        for (int i = 0; i < files.length; i++) {
            names[i] = files[i].toString();
        }
        command.parseArgs(names);
        ((ChaosSumCommand) command.getCommand()).run();
        return text.toString();
    }
}
