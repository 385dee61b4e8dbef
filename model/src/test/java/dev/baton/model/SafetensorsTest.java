package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.checkpoint.ModelFiles;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.ModelSettings.Precision;
import dev.baton.model.ModelSettings.WeightChoice;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
    static final String SOUND = "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
            + "\"b\":{\"dtype\":\"BF16\",\"shape\":[4],\"data_offsets\":[24,32]}}";

    @Test
    void tensorsLieWhereTheHeaderSays() throws IOException {
        Map<String, Safetensors.Tensor> tensors = parse(SOUND, 32);
        assertThat(tensors).containsOnlyKeys("a", "b");
        assertThat(tensors.values())
                .extracting(tensor -> tensor.data().byteSize())
                .containsExactly(24L, 8L);
        assertThat(tensors.values())
                .extracting(Safetensors.Tensor::shape)
                .containsExactly(new long[] {2, 3}, new long[] {4});
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[]",
                "{",
                "{\"a\":5}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,40]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1e1],\"data_offsets\":[0,8]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,18446744073709551616]}}"
            })
    void aHeaderThatLiesIsRefused(String header) {
        assertThatThrownBy(() -> parse(header, 32))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("not a sound");
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 0, 1, 1000, Long.MAX_VALUE, Long.MIN_VALUE, 100_000_001})
    void aHeaderLengthThatLiesIsRefused(long length) {
        byte[] file = file(SOUND, 32);
        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
        assertThatThrownBy(() -> Safetensors.parse("f", MemorySegment.ofArray(file)))
                .isInstanceOf(IOException.class);
    }

    @Test
    void theLargestHeadersAreRefusedWithinASmallHeap(@TempDir Path folder) throws IOException, InterruptedException {
        Path said = folder.resolve("said");
        Process process = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-Xmx128m",
                        "-XX:+ExitOnOutOfMemoryError",
                        "-cp",
                        System.getProperty("java.class.path"),
                        HugeHeaders.class.getName())
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        try {
            assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
            assertThat(process.exitValue()).as(Files.readString(said)).isZero();
            assertThat(Files.readAllLines(said)).hasSize(10).allMatch(line -> line.startsWith("refused"));
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void tensorsThatShareBytesOrLeaveSomeToNobodyAreRefused() {
        String two = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                + "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[%d,%d]}}";
        assertThatThrownBy(() -> parse(two.formatted(4, 12), 12)).hasMessageContaining("begins at 4");
        assertThatThrownBy(() -> parse(two.formatted(12, 20), 20)).hasMessageContaining("begins at 12");
        assertThatThrownBy(() -> parse(two.formatted(8, 16), 20)).hasMessageContaining("4 of 20 bytes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "5", "{}", "{\"weight_map\":{}}", "{\"weight_map\":[\"a\"]}", ""})
    void anIndexWithoutAMapIsRefused(String index, @TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("model.safetensors.index.json"), index);
        assertThatThrownBy(() ->
                        Checkpoint.open(ModelFiles.of(folder), new Precision(DtypeChoice.AUTO, WeightChoice.STORED)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("model.safetensors.index.json");
    }

    @Test
    void aShardThatIsMissingOrNoFileIsRefusedByName(@TempDir Path folder) throws IOException {
        Files.writeString(
                folder.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"a\":\"one.safetensors\"}}");
        for (boolean there : new boolean[] {false, true}) {
            if (there) {
                Files.createDirectory(folder.resolve("one.safetensors"));
            }
            assertThatThrownBy(() -> Checkpoint.open(
                            ModelFiles.of(folder), new Precision(DtypeChoice.AUTO, WeightChoice.STORED)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("one.safetensors is missing or no file");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"../other.safetensors", "/etc/passwd", "a/b.safetensors", "..\\\\x.safetensors", ""})
    void anIndexThatLeavesTheFolderIsRefused(String shard, @TempDir Path folder) throws IOException {
        Files.writeString(
                folder.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"a\":\"%s\"}}".formatted(shard));
        assertThatThrownBy(() ->
                        Checkpoint.open(ModelFiles.of(folder), new Precision(DtypeChoice.AUTO, WeightChoice.STORED)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no plain file name");
    }

    @Test
    void aFolderWithoutWeightsIsRefusedByName(@TempDir Path folder) {
        assertThatThrownBy(() ->
                        Checkpoint.open(ModelFiles.of(folder), new Precision(DtypeChoice.AUTO, WeightChoice.STORED)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(folder.toString());
    }

    private static Map<String, Safetensors.Tensor> parse(String header, int data) throws IOException {
        return Safetensors.parse("f", MemorySegment.ofArray(file(header, data))).tensors();
    }

    private static byte[] file(String header, int data) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + json.length + data).order(ByteOrder.LITTLE_ENDIAN);
        return file.putLong(json.length).put(json).array();
    }
}
