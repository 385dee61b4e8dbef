package dev.baton.e2e;

import dev.baton.stack.testing.TestStack;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the tests' Redis holds, read by its own protocol as an administrator's {@code redis-cli} does. */
final class RedisValues {
    private static final int LIMIT_MILLIS = 10_000;

    private RedisValues() {}

    /** The strings under keys of a pattern. */
    static Map<String, String> of(String pattern) {
        URI redis = TestStack.shared().redis();
        try (Socket socket = new Socket(redis.getHost(), redis.getPort())) {
            socket.setSoTimeout(LIMIT_MILLIS);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            Map<String, String> values = new TreeMap<>();
            for (String key : ask(socket, in, "KEYS", pattern)) {
                ask(socket, in, "GET", key).forEach(value -> values.put(key, value));
            }
            return values;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> ask(Socket socket, DataInputStream in, String... words) throws IOException {
        StringBuilder command = new StringBuilder("*" + words.length + "\r\n");
        for (String word : words) {
            command.append("$%d\r\n%s\r\n".formatted(word.length(), word));
        }
        socket.getOutputStream().write(command.toString().getBytes(StandardCharsets.US_ASCII));
        return answer(in);
    }

    /** A string as a list of one, none as an empty list. */
    private static List<String> answer(DataInputStream in) throws IOException {
        String head = line(in);
        int size = Integer.parseInt(head.substring(1));
        List<String> values = new ArrayList<>();
        switch (head.charAt(0)) {
            case '*' -> {
                for (int i = 0; i < size; i++) {
                    values.addAll(answer(in));
                }
            }
            case '$' -> {
                if (size >= 0) {
                    byte[] text = in.readNBytes(size + 2);
                    values.add(new String(text, 0, size, StandardCharsets.US_ASCII));
                }
            }
            default -> throw new IOException("Redis answered: " + head);
        }
        return values;
    }

    private static String line(DataInputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.readUnsignedByte(); next != '\n'; next = in.readUnsignedByte()) {
            if (next != '\r') {
                line.append((char) next);
            }
        }
        if (line.length() > 1 && (line.charAt(0) == '-' || line.charAt(0) == '+')) {
            throw new IOException("Redis answered: " + line);
        }
        return line.toString();
    }
}
