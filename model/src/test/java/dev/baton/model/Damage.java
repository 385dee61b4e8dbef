package dev.baton.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Something done to a safetensors file. */
enum Damage {
    /** Some bytes of length and header are others. */
    BYTES {
        @Override
        byte[] done(SafetensorsFile file, Random random) {
            byte[] bytes = file.bytes();
            int reach = bytes.length - file.data();
            for (int n = 1 + random.nextInt(4); n > 0; n--) {
                bytes[random.nextInt(reach)] = (byte) random.nextInt(256);
            }
            return bytes;
        }
    },
    TRUNCATED {
        @Override
        byte[] done(SafetensorsFile file, Random random) {
            byte[] bytes = file.bytes();
            return Arrays.copyOf(bytes, random.nextInt(bytes.length));
        }
    },
    /** More, or fewer, bytes of data than the header describes. */
    OTHER_SIZE {
        @Override
        byte[] done(SafetensorsFile file, Random random) {
            return new SafetensorsFile(file.header(), random.nextInt(2 * file.data() + 100)).bytes();
        }
    },
    LENGTH {
        @Override
        byte[] done(SafetensorsFile file, Random random) {
            byte[] bytes = file.bytes();
            long length = random.nextBoolean() ? random.nextLong() >> random.nextInt(64) : random.nextInt(bytes.length);
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
            return bytes;
        }
    },
    NUMBERS {
        @Override
        byte[] done(SafetensorsFile file, Random random) {
            return replaced(file, Pattern.compile("\\d+"), random, () -> any(NASTY_NUMBERS, random));
        }
    },
    /** Numbers of the file itself in each other's place: overlaps, holes, swapped ends. */
    SWAPPED {
        @Override
        byte[] done(SafetensorsFile file, Random random) {
            List<String> numbers = Pattern.compile("\\d+")
                    .matcher(file.header())
                    .results()
                    .map(MatchResult::group)
                    .toList();
            return numbers.isEmpty()
                    ? BYTES.done(file, random)
                    : replaced(file, Pattern.compile("\\d+"), random, () -> any(numbers, random));
        }
    },
    VALUES {
        @Override
        byte[] done(SafetensorsFile file, Random random) {
            return replaced(
                    file,
                    Pattern.compile("\"[^\"]*\"(?!:)|\\[[^\\]]*\\]|\\d+|\\{[^{}]*\\}"),
                    random,
                    () -> any(NASTY_VALUES, random));
        }
    },
    /** A member becomes two of the same name, or one takes the name of another. */
    NAMES {
        @Override
        byte[] done(SafetensorsFile file, Random random) {
            if (random.nextBoolean()) {
                return replaced(
                        file, Pattern.compile("\"[^\"]*\":(\"[^\"]*\"|\\[[^\\]]*\\]|\\{[^{}]*\\})"), random, null);
            }
            List<String> names = Pattern.compile("\"[^\"]*\"")
                    .matcher(file.header())
                    .results()
                    .map(MatchResult::group)
                    .toList();
            return replaced(file, Pattern.compile("\"[^\"]*\""), random, () -> any(names, random));
        }
    },
    /** Bytes appear within the header, its length told truly: bad UTF-8, brackets by the thousand, anything. */
    INSERTED {
        @Override
        byte[] done(SafetensorsFile file, Random random) {
            byte[] header = file.header().getBytes(StandardCharsets.UTF_8);
            byte[] more = random.nextInt(3) == 0
                    ? any(NASTY_VALUES, random).getBytes(StandardCharsets.UTF_8)
                    : any(NASTY_BYTES, random);
            int at = random.nextInt(header.length + 1);
            return file.bytes(ByteBuffer.allocate(header.length + more.length)
                    .put(header, 0, at)
                    .put(more)
                    .put(header, at, header.length - at)
                    .array());
        }
    };

    private static final List<String> NASTY_NUMBERS = List.of(
            "-1",
            "-0",
            "0",
            "1",
            "2147483647",
            "2147483648",
            "4294967296",
            "4611686018427387904",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
            "1e400",
            "0.5",
            "1e1",
            "NaN",
            "007",
            "9".repeat(2_000));
    private static final List<String> NASTY_VALUES = List.of(
            "null",
            "true",
            "\"\"",
            "\"F8_E4M3\"",
            "\"I64\"",
            "\"F32\"",
            "\"../../etc/passwd\"",
            "\"other.safetensors\"",
            "\"model-00001-of-00005.safetensors\"",
            "\"\\u0000\\ud800\"",
            "\"" + "n".repeat(60_000) + "\"",
            "[]",
            "{}",
            "[[[[]]]]",
            "[0,0,0,0,0,0,0,0,0,0]",
            "{\"a\":{\"b\":[{}]}}",
            "[".repeat(20_000),
            "{\"a\":".repeat(20_000),
            "[".repeat(400) + "]".repeat(400));
    private static final List<byte[]> NASTY_BYTES = List.of(
            new byte[] {(byte) 0xff},
            new byte[] {(byte) 0xc0, (byte) 0x80},
            new byte[] {(byte) 0xed, (byte) 0xa0, (byte) 0x80},
            new byte[] {(byte) 0xf8, (byte) 0x88, (byte) 0x80, (byte) 0x80, (byte) 0x80},
            new byte[] {(byte) 0xef, (byte) 0xbb, (byte) 0xbf},
            new byte[] {(byte) 0xfe, (byte) 0xff},
            new byte[1],
            new byte[3],
            " ".repeat(5_000).getBytes(StandardCharsets.UTF_8),
            "}".getBytes(StandardCharsets.UTF_8),
            "{".getBytes(StandardCharsets.UTF_8),
            "\"".getBytes(StandardCharsets.UTF_8),
            "\\".getBytes(StandardCharsets.UTF_8),
            ",".getBytes(StandardCharsets.UTF_8));

    abstract byte[] done(SafetensorsFile file, Random random);

    private static <T> T any(List<T> of, Random random) {
        return of.get(random.nextInt(of.size()));
    }

    /** One or two of the places where the pattern matches become something else, or are there twice. */
    private static byte[] replaced(
            SafetensorsFile file,
            Pattern pattern,
            Random random,
            java.util.function.@org.jspecify.annotations.Nullable Supplier<String> by) {
        StringBuilder header = new StringBuilder(file.header());
        for (int n = 1 + random.nextInt(2); n > 0; n--) {
            List<MatchResult> places =
                    new ArrayList<>(pattern.matcher(header).results().toList());
            if (!places.isEmpty()) {
                MatchResult place = any(places, random);
                String instead = by == null ? place.group() + "," + place.group() : by.get();
                header.replace(place.start(), place.end(), instead);
            }
        }
        return file.bytes(header.toString().getBytes(StandardCharsets.UTF_8));
    }
}
