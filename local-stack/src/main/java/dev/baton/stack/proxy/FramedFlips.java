package dev.baton.stack.proxy;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;

/**
 * Turns bits over in payloads that follow messages, where a message is four bytes of length, big-endian, and that many
 * bytes. Messages are left as they are. One copying thread for each connection; may be shared by them.
 */
public final class FramedFlips {
    private static final int LARGEST_MESSAGE = 64 << 20;

    private final Payloads payloads;
    private final RandomGenerator random;
    private final AtomicInteger flipped = new AtomicInteger();
    private int bits;
    private int skip;
    private long seen;
    private long over;

    /**
     * What follows a message.
     *
     * @param transfer tells those of one transfer from those of the next
     */
    public record Payload(int bytes, long transfer) {
        public static final Payload NONE = new Payload(0, 0);
    }

    /** Knows the messages. */
    @FunctionalInterface
    public interface Payloads {
        Payload behind(byte[] message) throws IOException;
    }

    /** Where copied bytes go. */
    @FunctionalInterface
    interface Sink {
        void take(byte[] piece) throws IOException;
    }

    public FramedFlips(Payloads payloads, RandomGenerator random) {
        this.payloads = payloads;
        this.random = random;
    }

    /**
     * So many bits are turned over in one payload of a transfer to come; 0 for none. What is left of the last one is not
     * touched: where it has failed, nobody reads it any more.
     *
     * @param skip payloads that pass before it
     */
    public synchronized void arm(int bits, int skip) {
        this.over = seen;
        this.bits = bits;
        this.skip = skip;
    }

    /** Payloads that were changed. */
    public int flipped() {
        return flipped.get();
    }

    void copy(InputStream from, Sink to) throws IOException {
        DataInputStream in = new DataInputStream(from);
        while (true) {
            int length = in.readInt();
            if (length < 0 || length > LARGEST_MESSAGE) {
                throw new IOException("a message of " + length + " bytes");
            }
            byte[] message = in.readNBytes(length);
            to.take(ByteBuffer.allocate(Integer.BYTES + message.length)
                    .putInt(length)
                    .put(message)
                    .array());
            Payload payload = payloads.behind(message);
            if (payload.bytes() > 0) {
                byte[] bytes = new byte[payload.bytes()];
                in.readFully(bytes);
                flip(payload.transfer(), bytes);
                to.take(bytes);
            }
        }
    }

    private synchronized void flip(long transfer, byte[] bytes) {
        seen = transfer;
        if (bits == 0 || transfer == over) {
            return;
        }
        if (skip > 0) {
            skip--;
            return;
        }
        Set<Integer> places = new HashSet<>();
        while (places.size() < bits) {
            places.add(random.nextInt(8 * bytes.length));
        }
        bits = 0;
        places.forEach(place -> bytes[place / 8] ^= (byte) (1 << place % 8));
        flipped.incrementAndGet();
    }
}
