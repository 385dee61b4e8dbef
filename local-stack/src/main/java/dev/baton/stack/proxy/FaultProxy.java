package dev.baton.stack.proxy;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * A TCP hop on loopback that can be told to fail, in all its connections or in some. While its target's port refuses
 * connections, its own does too, so that a death looks through it as it is. Safe from any thread.
 */
public final class FaultProxy implements AutoCloseable {
    private static final int CONNECT_MILLIS = 5_000;
    private static final long PROBE_MILLIS = 20;
    private static final int BACKLOG = 256;

    private final InetSocketAddress target;
    private final InetSocketAddress address;
    private final @Nullable FramedFlips flips;
    private final Random random;
    private final List<Hop> hops = new CopyOnWriteArrayList<>();
    private final AtomicLong accepted = new AtomicLong();
    private final AtomicLong struck = new AtomicLong();
    private volatile ServerSocket listener;
    /** With {@code this} held: what is struck and healed, and which connections there are, changes one after the other. */
    private @Nullable Weather weather;

    private volatile boolean closed;

    /** @param clients the ports of those whose connections it strikes */
    private record Weather(LinkFault fault, IntPredicate clients) {}

    /** At any free port. */
    public FaultProxy(int target) throws IOException {
        this(0, target, null, 0);
    }

    /**
     * @param port where it listens; 0 for any free one
     * @param flips of what the target sends; null: its bytes are left as they are
     * @param seed of how long {@link LinkFault.Stalls} hold
     */
    public FaultProxy(int port, int target, @Nullable FramedFlips flips, long seed) throws IOException {
        this.target = new InetSocketAddress(InetAddress.getLoopbackAddress(), target);
        this.flips = flips;
        this.random = new Random(seed);
        this.listener = listen(port);
        this.address = (InetSocketAddress) listener.getLocalSocketAddress();
        Thread.ofVirtual().name("fault-proxy").start(this::accept);
    }

    private static ServerSocket listen(int port) throws IOException {
        ServerSocket socket = new ServerSocket();
        try {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), BACKLOG);
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    public int port() {
        return address.getPort();
    }

    /** Connections so far. */
    public long accepted() {
        return accepted.get();
    }

    /** The ports of the clients that are connected now. */
    public List<Integer> clients() {
        return hops.stream().map(hop -> hop.near.getPort()).toList();
    }

    /** What faults have done so far: connections reset, pieces lost or held back. The proof that one took effect. */
    public long struck() {
        return struck.get();
    }

    /** Resets all connections once; the next ones pass. */
    public void cut() {
        hops.forEach(Hop::reset);
    }

    /**
     * From now on, until {@link #heal}; it takes the place of one that lasts.
     *
     * @param clients by the ports of those whose connections are struck, asked once for each connection
     */
    public synchronized void strike(LinkFault fault, IntPredicate clients) {
        Weather now = new Weather(fault, clients);
        weather = now;
        hops.forEach(hop -> hop.meet(now));
    }

    public synchronized void heal() {
        weather = null;
        hops.forEach(Hop::heal);
    }

    @Override
    public void close() {
        closed = true;
        closeQuietly(listener);
        hops.forEach(hop -> {
            closeQuietly(hop.near);
            closeQuietly(hop.far);
        });
    }

    private void accept() {
        while (!closed) {
            try {
                Socket near = listener.accept();
                Thread.ofVirtual().start(() -> connect(near));
            } catch (IOException e) {
                if (!closed && listener.isClosed()) {
                    awaitTarget();
                } else if (!closed) {
                    // Too many files are open, it may be: there may be fewer soon.
                    pause(Duration.ofMillis(PROBE_MILLIS));
                }
            }
        }
    }

    private void connect(Socket near) {
        Socket far = new Socket();
        try {
            far.connect(target, CONNECT_MILLIS);
            near.setTcpNoDelay(true);
            far.setTcpNoDelay(true);
        } catch (IOException e) {
            reset(near);
            closeQuietly(far);
            if (e instanceof ConnectException) {
                closeQuietly(listener); // accept() opens it again when the target listens
            }
            return;
        }
        Hop hop = new Hop(near, far);
        add(hop);
        accepted.incrementAndGet();
        if (closed) {
            hop.reset();
        }
        Thread.ofVirtual().start(() -> hop.copy(LinkFault.Way.TO_TARGET));
        Thread.ofVirtual().start(() -> hop.copy(LinkFault.Way.TO_CLIENT));
    }

    private synchronized void add(Hop hop) {
        hops.add(hop);
        if (weather != null) {
            hop.meet(weather);
        }
    }

    /** Refuses for as long as the target does. */
    private void awaitTarget() {
        while (!closed) {
            try (Socket probe = new Socket()) {
                probe.connect(target, CONNECT_MILLIS);
                listener = listen(address.getPort());
                if (closed) {
                    closeQuietly(listener);
                }
                return;
            } catch (IOException e) {
                pause(Duration.ofMillis(PROBE_MILLIS));
            }
        }
    }

    private static void pause(Duration time) {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("a fault proxy's thread was interrupted", e);
        }
    }

    private static void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
        } catch (SocketException e) {
            // It is closed already.
        }
        closeQuietly(socket);
    }

    private static void closeQuietly(AutoCloseable closeable) {
        try {
            closeable.close();
        } catch (Exception e) {
            // There is nobody to tell.
        }
    }

    /** One connection: from a client, and on to the target. */
    private final class Hop {
        private final Socket near;
        private final Socket far;
        private volatile @Nullable LinkFault fault;
        /** The way on which bytes were lost: nothing that comes later may follow them. */
        private volatile LinkFault.@Nullable Way holed;

        Hop(Socket near, Socket far) {
            this.near = near;
            this.far = far;
        }

        void meet(Weather weather) {
            if (!weather.clients().test(near.getPort())) {
                return;
            }
            fault = weather.fault();
            if (weather.fault() instanceof LinkFault.Cut) {
                struck.incrementAndGet();
                reset();
            }
        }

        void heal() {
            fault = null;
            if (holed != null) {
                reset();
            }
        }

        void reset() {
            FaultProxy.reset(near);
            FaultProxy.reset(far);
        }

        void copy(LinkFault.Way way) {
            Socket from = way == LinkFault.Way.TO_TARGET ? near : far;
            Socket to = way == LinkFault.Way.TO_TARGET ? far : near;
            try (from;
                    to;
                    InputStream in = from.getInputStream()) {
                FramedFlips framed = flips;
                if (framed == null || way == LinkFault.Way.TO_TARGET) {
                    byte[] piece = new byte[1 << 16];
                    for (int count = in.read(piece); count >= 0; count = in.read(piece)) {
                        pass(way, to, piece, count);
                    }
                } else {
                    framed.copy(in, piece -> pass(way, to, piece, piece.length));
                }
            } catch (IOException e) {
                // One end has closed it, or a fault has.
            } finally {
                hops.remove(this);
            }
        }

        private void pass(LinkFault.Way way, Socket to, byte[] piece, int count) throws IOException {
            switch (fault) {
                case LinkFault.OneWay(LinkFault.Way lost)
                when lost == way -> {
                    holed = way;
                    struck.incrementAndGet();
                }
                case LinkFault.Stalls stalls -> {
                    Duration held = stalls.next(random);
                    if (held.isPositive()) {
                        struck.incrementAndGet();
                        pause(held);
                    }
                }
                case LinkFault.OneWay _, LinkFault.Cut _ -> {}
                case null -> {}
            }
            if (holed != way) {
                to.getOutputStream().write(piece, 0, count);
            }
        }
    }
}
