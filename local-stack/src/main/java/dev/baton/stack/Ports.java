package dev.baton.stack;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Ports on the loopback interface. */
public final class Ports {
    /** Below 32,768, where Linux begins to take ports for clients unless told otherwise. */
    private static final int FIRST_LASTING = 22_000;

    private static final int LASTING = 10_000;

    private Ports() {}

    /** Distinct ports that were free a moment ago. */
    public static List<Integer> free(int count) throws IOException {
        List<ServerSocket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            }
            return sockets.stream().map(ServerSocket::getLocalPort).toList();
        } finally {
            for (ServerSocket socket : sockets) {
                socket.close();
            }
        }
    }

    /**
     * The same, out of the range from which the system gives ports to clients: they stay free while nobody listens there
     * for a moment.
     */
    public static List<Integer> lasting(int count) throws IOException {
        List<Integer> ports = new ArrayList<>();
        int start = FIRST_LASTING + (int) (ProcessHandle.current().pid() * 64 % LASTING);
        for (int i = 0; i < LASTING && ports.size() < count; i++) {
            int port = FIRST_LASTING + (start - FIRST_LASTING + i) % LASTING;
            if (isFree(port)) {
                ports.add(port);
            }
        }
        if (ports.size() < count) {
            throw new IOException("fewer than %d ports are free from %d to %d"
                    .formatted(count, FIRST_LASTING, FIRST_LASTING + LASTING - 1));
        }
        return List.copyOf(ports);
    }

    /** Whether a program could listen on 127.0.0.1 at this port now. */
    public static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    static boolean answers(int port, Duration limit) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), (int) limit.toMillis());
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
