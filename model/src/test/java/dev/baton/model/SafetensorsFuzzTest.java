package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.baton.checkpoint.ModelFiles;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.ModelSettings.Precision;
import dev.baton.model.ModelSettings.WeightChoice;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Whatever is done to a header or an index, it is opened with tensors that are where they say, or refused in words. */
class SafetensorsFuzzTest {
    private static final int ROUNDS = 12_000;
    private static final Path SHARDED = Reference.RESOURCES.resolve("families").resolve("llama31");

    /** What is under test: headers to tensors. */
    private interface Parser {
        Map<String, Safetensors.Tensor> parse(String file, MemorySegment bytes) throws IOException;
    }

    /** What came of one damaged file; {@code wrong} says what must never happen. */
    private record Outcome(
            boolean opened, String refusal, @Nullable String wrong) {}

    @Test
    @Timeout(120)
    void aDamagedHeaderIsRefusedInWordsOrDescribesItsDataExactly() throws IOException {
        Map<Damage, Integer> opened = new EnumMap<>(Damage.class);
        Map<Damage, Integer> refused = new EnumMap<>(Damage.class);
        TreeSet<String> words = new TreeSet<>();
        Random random = new Random(7);
        List<SafetensorsFile> sound = sound();
        for (int round = 0; round < ROUNDS; round++) {
            Damage damage = Damage.values()[round % Damage.values().length];
            byte[] bytes = damage.done(sound.get(random.nextInt(sound.size())), random);
            Outcome outcome =
                    outcome((file, all) -> Safetensors.parse(file, all).tensors(), bytes);
            if (outcome.wrong != null) {
                fail("round %d, %s: %s; the file: %s"
                        .formatted(
                                round,
                                damage,
                                outcome.wrong,
                                HexFormat.of().formatHex(bytes, 0, Math.min(bytes.length, 2_000))));
            }
            (outcome.opened ? opened : refused).merge(damage, 1, Integer::sum);
            words.add(outcome.refusal);
        }
        assertThat(refused.keySet()).as("each kind of damage does harm").containsExactly(Damage.values());
        assertThat(opened.keySet())
                .as("each kind but these leaves some files sound")
                .contains(Damage.BYTES, Damage.NUMBERS, Damage.VALUES, Damage.INSERTED);
        for (String reason : List.of(
                "it ends before its header",
                "a header of",
                "its header is not JSON",
                "its header is no object",
                "is no object",
                "is there twice",
                "something follows",
                "has no proper dtype",
                "has an impossible shape",
                "lies at",
                "begins at",
                "belong to no tensor",
                "supported are BF16, F16, F32")) {
            assertThat(words.stream().filter(word -> word.contains(reason)))
                    .as("refusals that say: " + reason)
                    .isNotEmpty();
        }
    }

    @Test
    void theSameDamageBreaksAParserThatBelievesWhatItReads() throws IOException {
        Map<String, Integer> wrong = new HashMap<>();
        Random random = new Random(7);
        List<SafetensorsFile> sound = sound();
        for (int round = 0; round < ROUNDS / 4; round++) {
            Damage damage = Damage.values()[round % Damage.values().length];
            Outcome outcome = outcome(
                    SafetensorsFuzzTest::gullible, damage.done(sound.get(random.nextInt(sound.size())), random));
            if (outcome.wrong != null) {
                wrong.merge(outcome.wrong.split(":")[0], 1, Integer::sum);
            }
        }
        assertThat(wrong)
                .containsKeys(IndexOutOfBoundsException.class.getName(), "bytes of two tensors", "size of a tensor");
    }

    @Test
    @Timeout(120)
    void aDamagedIndexIsRefusedInWordsOrNamesTensorsThatAreThere(@TempDir Path folder) throws IOException {
        try (Stream<Path> files = Files.list(SHARDED)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        Path index = folder.resolve("model.safetensors.index.json");
        SafetensorsFile sound = new SafetensorsFile(Files.readString(index), 0);
        Random random = new Random(11);
        int opened = 0;
        TreeSet<String> words = new TreeSet<>();
        for (int round = 0; round < 800; round++) {
            Damage damage = Damage.values()[round % Damage.values().length];
            byte[] bytes = damage.done(sound, random);
            Files.write(index, java.util.Arrays.copyOfRange(bytes, Math.min(8, bytes.length), bytes.length));
            try (Checkpoint checkpoint =
                    Checkpoint.open(ModelFiles.of(folder), new Precision(DtypeChoice.AUTO, WeightChoice.STORED))) {
                assertThat(checkpoint.bytes()).isPositive();
                opened++;
            } catch (IOException e) {
                words.add(e.getMessage());
            } catch (RuntimeException | Error e) {
                fail(
                        "round %d, %s: %s"
                                .formatted(round, damage, Files.readString(index, StandardCharsets.ISO_8859_1)),
                        e);
            }
        }
        assertThat(opened).isGreaterThan(30);
        for (String reason :
                List.of("is not JSON", "no plain file name", "is missing or no file", "which lacks it", "twice")) {
            assertThat(words.stream().filter(word -> word.contains(reason)))
                    .as("refusals that say: " + reason)
                    .isNotEmpty();
        }
    }

    private static List<SafetensorsFile> sound() throws IOException {
        return List.of(
                new SafetensorsFile(SafetensorsTest.SOUND, 32),
                SafetensorsFile.read(SHARDED.resolve("model-00001-of-00005.safetensors")),
                SafetensorsFile.read(SHARDED.resolve("model-00002-of-00005.safetensors")));
    }

    private static Outcome outcome(Parser parser, byte[] bytes) {
        try {
            Map<String, Safetensors.Tensor> tensors = parser.parse("f", MemorySegment.ofArray(bytes));
            return new Outcome(true, "", lie(tensors, bytes));
        } catch (IOException | UnsupportedModelException e) {
            String message = String.valueOf(e.getMessage());
            boolean clear = message.startsWith("f") && message.length() < 1_000;
            return new Outcome(false, message, clear ? null : "unclear: " + message);
        } catch (RuntimeException | Error e) {
            return new Outcome(false, "", e.getClass().getName() + ": " + e.getMessage());
        }
    }

    /** What is untrue about tensors that were let in. */
    private static @Nullable String lie(Map<String, Safetensors.Tensor> tensors, byte[] bytes) {
        long base = MemorySegment.ofArray(bytes).address();
        long end = 0;
        for (Safetensors.Tensor tensor : tensors.values().stream()
                .sorted(Comparator.comparingLong(
                        (Safetensors.Tensor t) -> t.data().address() - base))
                .toList()) {
            long size = tensor.type().bytes();
            for (long dimension : tensor.shape()) {
                size *= dimension;
            }
            if (size != tensor.data().byteSize()) {
                return "size of a tensor: " + tensor;
            }
            long from = tensor.data().address() - base;
            if (size > 0 && from < end) {
                return "bytes of two tensors: " + tensor;
            }
            end = Math.max(end, from + size);
        }
        return null;
    }

    private static Map<String, Safetensors.Tensor> gullible(String file, MemorySegment bytes) throws IOException {
        byte[] all = bytes.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        if (all.length < 8) {
            throw new IOException("f");
        }
        int length = java.nio.ByteBuffer.wrap(all)
                .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                .getInt();
        Map<String, Safetensors.Tensor> tensors = new HashMap<>();
        JsonNode header;
        try {
            header = new ObjectMapper().readTree(all, 8, length);
        } catch (tools.jackson.core.JacksonException e) {
            throw new IOException("f", e);
        }
        for (Map.Entry<String, JsonNode> entry : header.properties()) {
            JsonNode offsets = entry.getValue().path("data_offsets");
            if (offsets.isArray()) {
                long from = offsets.path(0).asLong(0);
                tensors.put(
                        entry.getKey(),
                        new Safetensors.Tensor(
                                entry.getKey(),
                                dev.baton.kernel.WeightType.F32,
                                entry.getValue()
                                        .path("shape")
                                        .valueStream()
                                        .mapToLong(node -> node.asLong(0))
                                        .toArray(),
                                bytes.asSlice(8L + length)
                                        .asSlice(from, offsets.path(1).asLong(0) - from)));
            }
        }
        return tensors;
    }
}
