package dev.baton.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DiscardUnknownFieldsParser;
import com.google.protobuf.Message;
import dev.baton.protocol.v1.AnswerRecord;
import dev.baton.protocol.v1.KvMessage;
import dev.baton.protocol.v1.PrefillJob;
import dev.baton.protocol.v1.TokenFrame;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The bytes that processes of different builds exchange: a changed field number, type or packing changes them and fails
 * here. A field that is added is missing from its message below, and fails too until it is there.
 */
class GoldenBytesTest {
    static Stream<Golden> messages() {
        return GoldenMessages.ALL.entrySet().stream().map(entry -> new Golden(entry.getKey(), entry.getValue()));
    }

    static Stream<Golden> older() {
        return GoldenMessages.older().entrySet().stream().map(entry -> new Golden(entry.getKey(), entry.getValue()));
    }

    record Golden(String name, Message message) {
        byte[] bytes() throws IOException {
            String file = "golden/" + name + ".hex";
            try (InputStream in = Objects.requireNonNull(
                    GoldenBytesTest.class.getResourceAsStream(file),
                    () -> "no " + file + "; its bytes would be:\n" + hex())) {
                String text = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
                return HexFormat.of().parseHex(text.replaceAll("\\s", ""));
            }
        }

        String hex() {
            try {
                return HexFormat.of().formatHex(deterministic(message)).replaceAll("(.{96})", "$1\n");
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public String toString() {
            return name;
        }
    }

    @ParameterizedTest
    @MethodSource("messages")
    void areReadAsTheMessageTheyWereWrittenFrom(Golden golden) throws IOException {
        assertThat(golden.message().getParserForType().parseFrom(golden.bytes()))
                .isEqualTo(golden.message());
    }

    @ParameterizedTest
    @MethodSource("messages")
    void areWrittenTheSameAgain(Golden golden) throws IOException {
        assertThat(HexFormat.of().formatHex(deterministic(golden.message())))
                .as("the bytes of %s are now\n%s", golden.name(), golden.hex())
                .isEqualTo(HexFormat.of().formatHex(golden.bytes()));
    }

    /** A secret that an older gateway shows is in no field any more and is not read. */
    @ParameterizedTest
    @MethodSource("older")
    void ofTheBuildBeforeAreReadWithoutWhatWasAddedSince(Golden golden) throws IOException {
        assertThat(DiscardUnknownFieldsParser.wrap(golden.message().getParserForType())
                        .parseFrom(golden.bytes()))
                .isEqualTo(golden.message());
    }

    /** Over all messages together, since of a oneof only one can be set at a time. */
    @Test
    void everyFieldOfEveryMessageIsSetInOneOfThem() {
        Set<String> set = new HashSet<>();
        GoldenMessages.ALL.values().forEach(message -> collect(message, set));
        Set<String> missing = new TreeSet<>();
        types().flatMap(type -> type.getFields().stream())
                .map(FieldDescriptor::getFullName)
                .filter(name -> !set.contains(name))
                .forEach(missing::add);
        assertThat(missing).as("add them to GoldenMessages").isEmpty();
    }

    @Test
    void theNumbersOfEnumsStay() {
        StringBuilder numbers = new StringBuilder();
        files().flatMap(file -> Stream.concat(
                        file.getEnumTypes().stream(), types().flatMap(type -> type.getEnumTypes().stream())))
                .distinct()
                .map(GoldenBytesTest::describe)
                .sorted()
                .forEach(numbers::append);
        assertThat(numbers).hasToString("""
            Code: CODE_UNSPECIFIED=0 CANCELLED=1 DEADLINE_EXCEEDED=2 SUPERSEDED=3 NO_CAPACITY=4 MODEL_MISMATCH=5 TRANSFER_FAILED=6 BAD_REQUEST=7 ENGINE_FAILED=8 SHUTTING_DOWN=9 UNKNOWN_REQUEST=10 KV_NOT_FOUND=11
            KvTransportKind: KV_TRANSPORT_UNSPECIFIED=0 SHARED_MEMORY=1 TCP=2
            Reason: REASON_UNSPECIFIED=0 EXPIRED=1 ABSENT=2 SUPERSEDED=3 TAKEN=4 STORE_UNAVAILABLE=5 DEAD_LETTER=6 DRAINING=7 OTHER_WORKER=8 NO_STREAM=9
            Reason: REASON_UNSPECIFIED=0 STOP=1 LENGTH=2
            Reason: UNSPECIFIED=0 CONTEXT_LENGTH_EXCEEDED=1 DEADLINE_EXCEEDED=2 SERVER_OVERLOADED=3 NO_WORKERS=4 STATE_UNAVAILABLE=5 SHUTTING_DOWN=6
            Reasoning: NONE=0 POSSIBLE=1 OPENED=2
            Role: ROLE_UNSPECIFIED=0 PREFILL=1 DECODE=2
            Rung: RUNG_UNSPECIFIED=0 POOL=1 PEER=2 CACHE=3 PREFILL=4
            Shape: CHAT=0 COMPLETION=1
            """);
    }

    private static String describe(EnumDescriptor type) {
        StringBuilder line = new StringBuilder(type.getName()).append(':');
        for (EnumValueDescriptor value : type.getValues()) {
            line.append(' ').append(value.getName()).append('=').append(value.getNumber());
        }
        return line.append('\n').toString();
    }

    private static Stream<FileDescriptor> files() {
        return Stream.of(
                PrefillJob.getDescriptor().getFile(),
                TokenFrame.getDescriptor().getFile(),
                KvMessage.getDescriptor().getFile(),
                AnswerRecord.getDescriptor().getFile());
    }

    private static Stream<Descriptor> types() {
        return files().flatMap(file -> file.getMessageTypes().stream())
                .flatMap(type -> Stream.concat(Stream.of(type), type.getNestedTypes().stream()))
                .filter(type -> !type.getOptions().getMapEntry());
    }

    private static void collect(Message message, Set<String> set) {
        message.getAllFields().forEach((field, value) -> {
            set.add(field.getFullName());
            if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE && !field.isMapField()) {
                List<?> values = field.isRepeated() ? (List<?>) value : List.of(value);
                values.forEach(each -> collect((Message) each, set));
            }
        });
    }

    private static byte[] deterministic(Message message) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        out.useDeterministicSerialization();
        message.writeTo(out);
        out.flush();
        return bytes.toByteArray();
    }
}
