package dev.baton.stack;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * Asks a Redis single commands, each on a connection of its own, by its inline protocol.
 *
 * @param url {@code redis://[:password@]host:port}
 * @param limit longest wait for an answer
 */
public record RedisConsole(URI url, Duration limit) {
    private static final int CONNECT_MILLIS = 200;

    /**
     * The first line of the answer, with the mark of its type: {@code +OK}, {@code :12}, {@code -ERR …}.
     *
     * @param command words without blanks in them
     * @throws IOException Redis does not answer in time, or refuses the password
     */
    public String ask(String... command) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(url.getHost(), url.getPort()), CONNECT_MILLIS);
            socket.setSoTimeout(Math.toIntExact(limit.toMillis()));
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            String user = url.getRawUserInfo();
            if (user != null) {
                String password = URLDecoder.decode(user.substring(user.indexOf(':') + 1), StandardCharsets.UTF_8);
                String answer = exchange(socket, in, "AUTH " + password);
                if (!answer.equals("+OK")) {
                    throw new IOException("Redis refuses the password");
                }
            }
            return exchange(socket, in, String.join(" ", command));
        }
    }

    private static String exchange(Socket socket, BufferedReader in, String line) throws IOException {
        socket.getOutputStream().write((line + "\r\n").getBytes(StandardCharsets.UTF_8));
        String answer = in.readLine();
        if (answer == null) {
            throw new IOException("Redis closed the connection");
        }
        return answer;
    }

    /** Does not show the password. */
    @Override
    public String toString() {
        return "Redis at " + url.getHost() + ":" + url.getPort();
    }
}
