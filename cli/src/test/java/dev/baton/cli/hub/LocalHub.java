package dev.baton.cli.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A hub with one model, and the second host that stores its large files: as the real one, it lists sizes and digests, sends
 * small files itself, redirects large ones to the other host, and answers ranges there.
 */
final class LocalHub implements AutoCloseable {
    static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    /** What the next answers of the store do instead of being right. */
    enum Fault {
        /** The connection ends after half of what was asked. */
        CUT,
        /** The whole file comes, whatever part was asked for. */
        NO_RANGES,
        /** Another content of the same size. */
        OTHER_BYTES,
        /** Another size. */
        OTHER_SIZE,
        BUSY
    }

    /** @param authorization null when there was none */
    record Seen(
            String host,
            String path,
            @Nullable String range,
            @Nullable String authorization) {}

    final Map<String, byte[]> large = new LinkedHashMap<>();
    final Map<String, String> small = new LinkedHashMap<>();
    final List<Seen> seen = Collections.synchronizedList(new ArrayList<>());
    final Queue<Fault> faults = new ConcurrentLinkedQueue<>();
    /** Answers of the list before it is right: status, X-Error-Code or empty, Retry-After or empty. */
    final Queue<List<String>> refusals = new ConcurrentLinkedQueue<>();

    volatile @Nullable String needsToken;
    volatile CountDownLatch storeMayAnswer = new CountDownLatch(0);
    private final HttpServer hub;
    private final HttpServer store;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    LocalHub() throws IOException {
        hub = server("hub", this::answer);
        store = server("store", this::answerOfStore);
    }

    private HttpServer server(String name, Handler handler) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            seen.add(new Seen(
                    name,
                    exchange.getRequestURI().toString(),
                    exchange.getRequestHeaders().getFirst("Range"),
                    exchange.getRequestHeaders().getFirst("Authorization")));
            try (exchange) {
                handler.handle(exchange);
            }
        });
        server.start();
        return server;
    }

    private interface Handler {
        void handle(HttpExchange exchange) throws IOException;
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + hub.getAddress().getPort());
    }

    long askedOf(String host) {
        return seen.stream().filter(each -> each.host().equals(host)).count();
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        List<String> refusal = path.startsWith("/api/") ? refusals.poll() : null;
        if (refusal != null) {
            if (!refusal.get(1).isEmpty()) {
                exchange.getResponseHeaders().set("X-Error-Code", refusal.get(1));
            }
            if (!refusal.get(2).isEmpty()) {
                exchange.getResponseHeaders().set("Retry-After", refusal.get(2));
            }
            exchange.sendResponseHeaders(Integer.parseInt(refusal.get(0)), -1);
            return;
        }
        String token = needsToken;
        if (token != null
                && !("Bearer " + token).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
            exchange.getResponseHeaders().set("X-Error-Code", "GatedRepo");
            exchange.sendResponseHeaders(401, -1);
            return;
        }
        if (path.equals("/api/models/some-org/tiny/revision/main")
                || path.equals("/api/models/some-org/tiny/revision/" + COMMIT)) {
            send(exchange, 200, listing());
            return;
        }
        String resolve = "/some-org/tiny/resolve/" + COMMIT + "/";
        String file = path.startsWith(resolve) ? path.substring(resolve.length()) : "";
        if (small.containsKey(file)) {
            send(exchange, 200, Objects.requireNonNull(small.get(file)).getBytes(StandardCharsets.UTF_8));
        } else if (large.containsKey(file)) {
            exchange.getResponseHeaders()
                    .set("Location", "http://127.0.0.1:" + store.getAddress().getPort() + "/data/" + file + "?sig=x");
            exchange.sendResponseHeaders(302, -1);
        } else {
            exchange.getResponseHeaders().set("X-Error-Code", "RepoNotFound");
            exchange.sendResponseHeaders(404, -1);
        }
    }

    private void answerOfStore(HttpExchange exchange) throws IOException {
        try {
            if (!storeMayAnswer.await(20, TimeUnit.SECONDS)) {
                throw new IOException("nobody let the store answer");
            }
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
        Fault fault = faults.poll();
        byte[] bytes = Objects.requireNonNull(
                large.get(exchange.getRequestURI().getPath().substring("/data/".length())));
        if (fault == Fault.BUSY) {
            exchange.getResponseHeaders().set("Retry-After", "7");
            exchange.sendResponseHeaders(503, -1);
            return;
        }
        if (fault == Fault.OTHER_BYTES) {
            bytes = bytes.clone();
            bytes[bytes.length - 1] ^= 1;
        }
        if (fault == Fault.OTHER_SIZE) {
            bytes = java.util.Arrays.copyOf(bytes, bytes.length + 1);
        }
        String range = exchange.getRequestHeaders().getFirst("Range");
        int from = 0;
        if (range != null && fault != Fault.NO_RANGES) {
            from = Integer.parseInt(range.replaceAll("\\D", ""));
            exchange.getResponseHeaders()
                    .set("Content-Range", "bytes %d-%d/%d".formatted(from, bytes.length - 1, bytes.length));
        }
        exchange.sendResponseHeaders(range != null && fault != Fault.NO_RANGES ? 206 : 200, bytes.length - from);
        OutputStream body = exchange.getResponseBody();
        if (fault == Fault.CUT) {
            body.write(bytes, from, (bytes.length - from) / 2);
            body.flush();
            return; // The exchange is closed before its length is reached.
        }
        body.write(bytes, from, bytes.length - from);
        body.close();
    }

    private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.getResponseBody().close();
    }

    private byte[] listing() {
        ObjectNode root = JsonMapper.shared().createObjectNode();
        root.put("id", "some-org/tiny").put("sha", COMMIT);
        var siblings = root.putArray("siblings");
        small.forEach((name, text) -> {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            siblings.addObject()
                    .put("rfilename", name)
                    .put("size", bytes.length)
                    .put("blobId", digest("SHA-1", gitBlob(bytes)));
        });
        large.forEach((name, bytes) -> siblings.addObject()
                .put("rfilename", name)
                .put("size", bytes.length)
                .put("blobId", "ab".repeat(20))
                .putObject("lfs")
                .put("sha256", digest("SHA-256", bytes))
                .put("size", bytes.length)
                .put("pointerSize", 134));
        return root.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] gitBlob(byte[] bytes) {
        byte[] head = ("blob " + bytes.length + "\0").getBytes(StandardCharsets.US_ASCII);
        byte[] all = java.util.Arrays.copyOf(head, head.length + bytes.length);
        System.arraycopy(bytes, 0, all, head.length, bytes.length);
        return all;
    }

    static String digest(String algorithm, byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        storeMayAnswer.countDown();
        hub.stop(0);
        store.stop(0);
        threads.close();
    }
}
