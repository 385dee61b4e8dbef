package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.baton.engine.OpenModel;
import dev.baton.model.ModelSettings.DtypeChoice;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever is done to a {@code config.json}, the model opens or is refused in words; memory is not what gives in. */
class ConfigFuzzTest {
    private static final List<Damage> DAMAGES =
            List.of(Damage.NUMBERS, Damage.SWAPPED, Damage.VALUES, Damage.NAMES, Damage.BYTES, Damage.INSERTED);

    @ParameterizedTest
    @ValueSource(strings = {"llama32", "gemma3", "qwen3-moe"})
    @Timeout(120)
    void aDamagedConfigurationIsRefusedInWordsOrOpens(String family, @TempDir Path folder) throws IOException {
        Path from = Reference.RESOURCES.resolve("families").resolve(family);
        Files.copy(from.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        SafetensorsFile sound = new SafetensorsFile(
                Files.readString(from.resolve("config.json")).replaceAll("\\s+", ""), 0);
        Random random = new Random(5);
        int opened = 0;
        TreeSet<String> words = new TreeSet<>();
        for (int round = 0; round < 120; round++) {
            Damage damage = DAMAGES.get(round % DAMAGES.size());
            byte[] bytes = damage.done(sound, random);
            byte[] config = Arrays.copyOfRange(bytes, 8, bytes.length);
            Files.write(folder.resolve("config.json"), config);
            try (OpenModel model =
                    Models.open(new ModelSettings(folder, family, DtypeChoice.AUTO, 1, 16), (done, of) -> {})) {
                assertThat(model.shape(1).vocab()).isPositive();
                opened++;
            } catch (IOException | UnsupportedModelException e) {
                words.add(String.valueOf(e.getMessage()));
            } catch (RuntimeException | Error e) {
                fail("round %d, %s: %s".formatted(round, damage, new String(config, StandardCharsets.ISO_8859_1)), e);
            }
        }
        assertThat(opened).isGreaterThan(12);
        assertThat(words).hasSizeGreaterThan(12).allMatch(word -> !word.isBlank());
    }
}
