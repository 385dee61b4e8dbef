package dev.baton.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.cli.Baton;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class ArgumentsTest {
    /** Before anything is started: an interval of nothing would never let the bench end. */
    @Timeout(20)
    @ParameterizedTest
    @CsvSource({"interference --every=0s,--every", "interference --chats=0,--chats", "--duration=0s,--duration"})
    void refusesARunThatIsEmptyOrEndless(String arguments, String option) {
        StringWriter said = new StringWriter();
        CommandLine line = new CommandLine(new Baton());
        line.setExecutionExceptionHandler((exception, command, parsed) -> {
            said.append(exception.getMessage());
            return 1;
        });
        line.setErr(new PrintWriter(said));
        assertThat(line.execute(("bench " + arguments).split(" "))).isEqualTo(1);
        assertThat(said.toString()).startsWith(option + " takes");
    }
}
