package dev.baton.gateway;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** HTTP/1.1 by hand on a plain socket, so that tests see the very bytes. */
final class RawHttp {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final int port;

    RawHttp(int port) {
        this.port = port;
    }

    /** A whole response, its body already taken out of the chunks. */
    record Response(int status, Map<String, String> headers, String body) {
        String header(String name) {
            return headers.getOrDefault(name.toLowerCase(Locale.ROOT), "");
        }
    }

    Response post(String path, String json, String... headers) throws IOException {
        return exchange("POST", path, json, headers);
    }

    Response exchange(String method, String path, String body, String... headers) throws IOException {
        try (Exchange exchange = open(method, path, body, headers)) {
            return exchange.response();
        }
    }

    /** Sends a request and leaves the connection open. */
    Exchange open(String method, String path, String body, String... headers) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        StringBuilder head = new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n");
        boolean typed = false;
        for (String header : headers) {
            head.append(header).append("\r\n");
            typed |= header.toLowerCase(Locale.ROOT).startsWith("content-type:");
        }
        if (!typed && !body.isEmpty()) {
            head.append("Content-Type: application/json\r\n");
        }
        head.append("Content-Length: ").append(bytes.length).append("\r\n\r\n");
        Exchange exchange = new Exchange(port);
        exchange.send(head.toString().getBytes(StandardCharsets.ISO_8859_1));
        exchange.send(bytes);
        return exchange;
    }

    Exchange connect() throws IOException {
        return new Exchange(port);
    }

    /** One connection. */
    static final class Exchange implements AutoCloseable {
        final Socket socket;
        private final InputStream in;

        Exchange(int port) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout((int) LIMIT.toMillis());
            socket.setTcpNoDelay(true);
            in = socket.getInputStream();
        }

        void send(byte[] bytes) throws IOException {
            socket.getOutputStream().write(bytes);
            socket.getOutputStream().flush();
        }

        /** Status line and headers. */
        Response head() throws IOException {
            String[] status = line().split(" ", 3);
            Map<String, String> headers = new TreeMap<>();
            for (String line = line(); !line.isEmpty(); line = line()) {
                int colon = line.indexOf(':');
                headers.put(
                        line.substring(0, colon).toLowerCase(Locale.ROOT),
                        line.substring(colon + 1).strip());
            }
            return new Response(Integer.parseInt(status[1]), headers, "");
        }

        Response response() throws IOException {
            Response head = head();
            String body;
            if (head.header("transfer-encoding").equals("chunked")) {
                StringBuilder all = new StringBuilder();
                for (String chunk = chunk(); !chunk.isEmpty(); chunk = chunk()) {
                    all.append(chunk);
                }
                body = all.toString();
            } else {
                int length = Integer.parseInt(head.header("content-length"));
                body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
            }
            return new Response(head.status, head.headers, body);
        }

        /** The next chunk of a chunked body; empty at its end. */
        String chunk() throws IOException {
            int length = Integer.parseInt(line(), 16);
            byte[] bytes = in.readNBytes(length);
            line();
            return new String(bytes, StandardCharsets.UTF_8);
        }

        private String line() throws IOException {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            for (int c = in.read(); c != '\n'; c = in.read()) {
                if (c < 0) {
                    throw new IOException("connection closed after: " + line.toString(StandardCharsets.UTF_8));
                }
                if (c != '\r') {
                    line.write(c);
                }
            }
            return line.toString(StandardCharsets.UTF_8);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
