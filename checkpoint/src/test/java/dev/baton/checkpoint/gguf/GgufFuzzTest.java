package dev.baton.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whatever is done to a file, it is read with tensors that are where they say, or refused in words. */
class GgufFuzzTest {
    private static final int ROUNDS = 20_000;

    /** What is done to a file. */
    private enum Damage {
        /** Any byte of the header becomes any other. */
        BYTES {
            @Override
            byte[] done(byte[] sound, Random random) {
                for (int i = random.nextInt(1, 4); i > 0; i--) {
                    sound[random.nextInt(Math.min(sound.length, HEADER))] = (byte) random.nextInt();
                }
                return sound;
            }
        },
        /** Eight bytes become a number that is large, negative or next to a limit. */
        NUMBERS {
            @Override
            byte[] done(byte[] sound, Random random) {
                long[] numbers = {-1, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 32, (1L << 31) - 1, 0, 1, 255, 1L << 20};
                long number = numbers[random.nextInt(numbers.length)];
                int at = random.nextInt(Math.min(sound.length, HEADER) - 8);
                for (int i = 0; i < (random.nextBoolean() ? 8 : 4); i++) {
                    sound[at + i] = (byte) (number >> (8 * i));
                }
                return sound;
            }
        },
        CUT {
            @Override
            byte[] done(byte[] sound, Random random) {
                return Arrays.copyOf(sound, random.nextInt(sound.length));
            }
        },
        /** Some bytes are taken out, so that all that follows is read for something else. */
        SHIFTED {
            @Override
            byte[] done(byte[] sound, Random random) {
                int at = random.nextInt(Math.min(sound.length, HEADER));
                int count = Math.min(random.nextInt(1, 9), sound.length - at);
                byte[] shorter = Arrays.copyOf(sound, sound.length - count);
                System.arraycopy(sound, at + count, shorter, at, shorter.length - at);
                return shorter;
            }
        };

        private static final int HEADER = 4_000;

        abstract byte[] done(byte[] sound, Random random);
    }

    @Test
    @Timeout(120)
    void aDamagedFileIsRefusedInWordsOrDescribesItsDataExactly() throws IOException {
        List<byte[]> sound = List.of(
                Files.readAllBytes(GgufTypesTest.TYPES),
                GgufBytes.llama(4)
                        .text("tokenizer.ggml.model", "gpt2")
                        .text("tokenizer.ggml.pre", "smollm")
                        .texts("tokenizer.ggml.tokens", List.of("a", "b", "ab", "<end>"))
                        .texts("tokenizer.ggml.merges", List.of("a b"))
                        .i32s("tokenizer.ggml.token_type", 1, 1, 1, 3)
                        .u32("tokenizer.ggml.eos_token_id", 3)
                        .flag("tokenizer.ggml.add_bos_token", false)
                        .tensor("rope_freqs.weight", 0, 8)
                        .tensor("blk.0.attn_q.weight", 12, 256, 4)
                        .bytes());
        Random random = new Random(17);
        TreeSet<String> words = new TreeSet<>();
        int read = 0;
        for (int round = 0; round < ROUNDS; round++) {
            Damage damage = Damage.values()[round % Damage.values().length];
            byte[] bytes = damage.done(sound.get(random.nextInt(sound.size())).clone(), random);
            try {
                String lie = lie(bytes);
                if (lie != null) {
                    fail("round %d, %s: %s".formatted(round, damage, lie));
                }
                read++;
            } catch (IOException e) {
                String word = String.valueOf(e.getMessage());
                assertThat(word).startsWith("f.gguf").hasSizeLessThan(1_000);
                words.add(word.replaceAll("[0-9]+", "N"));
            } catch (RuntimeException | Error e) {
                fail(
                        "round %d, %s: %s"
                                .formatted(
                                        round,
                                        damage,
                                        HexFormat.of().formatHex(bytes, 0, Math.min(bytes.length, 2_000))),
                        e);
            }
        }
        assertThat(read).isBetween(ROUNDS / 50, ROUNDS * 9 / 10);
        for (String reason : List.of(
                "ends within its header",
                "does not begin with GGUF",
                "version",
                "a number of keys",
                "dimensions",
                "impossible shape",
                "not known",
                "blocks of",
                "follows from the one before it",
                "is it whole?")) {
            assertThat(words.stream().filter(word -> word.contains(reason)))
                    .as("refusals that say: " + reason)
                    .isNotEmpty();
        }
    }

    /** What is untrue about a file that was read, to its last value. */
    private static @Nullable String lie(byte[] bytes) throws IOException {
        MemorySegment all = MemorySegment.ofArray(bytes);
        GgufFile file = GgufFile.parse("f.gguf", all);
        long end = 0;
        for (GgufTensor tensor : file.tensors().values().stream()
                .sorted(Comparator.comparingLong(GgufTensor::from))
                .toList()) {
            long blocks = tensor.rows() * tensor.columns() / tensor.type().blockElements();
            if (tensor.bytes() != blocks * tensor.type().blockBytes()) {
                return "size of " + tensor;
            }
            if (tensor.from() < end || tensor.from() + tensor.bytes() > bytes.length) {
                return "place of " + tensor;
            }
            end = tensor.from() + tensor.bytes();
        }
        GgufConfig.json(file);
        for (GgufMatrix matrix : GgufFolder.tensors(file, "f.gguf", all).values()) {
            float[] row = new float[(int) matrix.tensor().columns()];
            if (matrix.type().readable()) {
                matrix.read(matrix.tensor().rows() - 1, row);
            }
        }
        GgufTokenizer tokenizer = GgufTokenizer.of(file);
        tokenizer.json();
        tokenizer.config();
        tokenizer.generationConfig();
        return null;
    }
}
