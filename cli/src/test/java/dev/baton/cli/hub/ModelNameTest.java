package dev.baton.cli.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.cli.host.CliException;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelNameTest {
    @Test
    void readsNameRevisionAndFile() {
        assertThat(ModelName.parse("org/name")).isEqualTo(new ModelName("org", "name", "main", Optional.empty()));
        assertThat(ModelName.parse("org/na.me-2@refs/pr/7:Q4_K_M"))
                .isEqualTo(new ModelName("org", "na.me-2", "refs/pr/7", Optional.of("Q4_K_M")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "name",
                "../name",
                "org/..",
                "org/a/b",
                "org/name@../x",
                "org/name@a//b",
                "org/name@",
                "org/name:",
                "org/name:../x",
                "org/na--me",
                "-org/name",
                "org/.name",
                "org/na me",
                "org/name?x=1",
                "org/name%2f"
            })
    void refusesWhatCouldMeanAnotherPathOrAddress(String text) {
        assertThatThrownBy(() -> ModelName.parse(text)).isInstanceOf(CliException.class);
    }

    @Test
    void aPathIsNeverAskedOfAHub() {
        Progress silent = new FetchLines(new java.io.PrintWriter(java.io.Writer.nullWriter()));
        assertThat(ModelSource.find("./absent/folder", silent))
                .isEqualTo(Path.of("absent/folder").toAbsolutePath());
        assertThat(ModelSource.find("absent", silent))
                .isEqualTo(Path.of("absent").toAbsolutePath());
    }
}
