package dev.baton.gateway.dispatch;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.baton.protocol.v1.UsageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Usage events in a file of this gateway's life, oldest first: length, CRC-32C, message. The file is locked while the life
 * lasts; what an earlier one has left is taken over at the start. An event may be sent twice, so each is counted by its
 * request id. A file survives its process, not a crash of the host. Safe from any thread.
 */
final class UsageSpool implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(UsageSpool.class);
    private static final String SUFFIX = ".spool";
    private static final int FRAME = 2 * Integer.BYTES;
    private static final int MOST_BYTES = 1 << 16;

    private final Path file;
    private final FileChannel channel;
    private final long max;
    private long head;
    private long tail;
    private int damaged;

    /** @param name of the file, no other gateway's */
    static UsageSpool open(Path folder, String name, long max) throws IOException {
        Files.createDirectories(folder);
        Path file = folder.resolve(name + SUFFIX);
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock();
        if (lock == null) {
            channel.close();
            throw new IOException(file + " is in use by another process");
        }
        UsageSpool spool = new UsageSpool(file, channel, max);
        spool.takeOver(folder);
        return spool;
    }

    private UsageSpool(Path file, FileChannel channel, long max) throws IOException {
        this.file = file;
        this.channel = channel;
        this.max = max;
        this.tail = channel.size();
    }

    /** False when it is full or cannot be written. */
    synchronized boolean add(UsageEvent event) {
        byte[] bytes = event.toByteArray();
        if (tail + FRAME + bytes.length > max || bytes.length > MOST_BYTES) {
            return false;
        }
        ByteBuffer frame = ByteBuffer.allocate(FRAME + bytes.length)
                .putInt(bytes.length)
                .putInt(checksum(bytes))
                .put(bytes)
                .flip();
        long at = tail;
        try {
            while (frame.hasRemaining()) {
                at += channel.write(frame, at);
            }
            tail = at;
            return true;
        } catch (IOException e) {
            LOG.warn("The usage spool {} cannot be written (baton.usage.spool): {}", file, e.toString());
            return false;
        }
    }

    /** The oldest events, at most so many. What cannot be read is dropped, with all behind it, and counted. */
    synchronized List<UsageEvent> oldest(int most) {
        List<UsageEvent> events = new ArrayList<>();
        long at = head;
        while (events.size() < most && at < tail) {
            try {
                byte[] bytes = read(at);
                events.add(UsageEvent.parseFrom(bytes));
                at += FRAME + bytes.length;
            } catch (IOException e) {
                damaged++;
                LOG.error(
                        "The usage spool {} is damaged at byte {}: {} bytes behind it are dropped: {}",
                        file,
                        at,
                        tail - at,
                        e.getMessage());
                tail = at;
                shrink();
            }
        }
        return events;
    }

    /** The oldest so many are with Kafka. */
    synchronized void sent(List<UsageEvent> events) {
        for (UsageEvent event : events) {
            head += FRAME + event.getSerializedSize();
        }
        shrink();
    }

    synchronized boolean isEmpty() {
        return head >= tail;
    }

    /** Bytes that wait. */
    synchronized long bytes() {
        return tail - head;
    }

    /** How often something in it could not be read. */
    synchronized int damaged() {
        return damaged;
    }

    /** What waits stays for the next life. */
    @Override
    public synchronized void close() throws IOException {
        if (isEmpty()) {
            Files.deleteIfExists(file);
        }
        channel.close();
    }

    private byte[] read(long at) throws IOException {
        ByteBuffer frame = fill(at, FRAME);
        int length = frame.getInt();
        int checksum = frame.getInt();
        if (length < 0 || length > MOST_BYTES || at + FRAME + length > tail) {
            throw new InvalidProtocolBufferException("a length of " + length);
        }
        byte[] bytes = fill(at + FRAME, length).array();
        if (checksum(bytes) != checksum) {
            throw new InvalidProtocolBufferException("its checksum is wrong");
        }
        return bytes;
    }

    private ByteBuffer fill(long at, int size) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(size);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, at + buffer.position()) < 0) {
                throw new InvalidProtocolBufferException("it ends within an event");
            }
        }
        return buffer.flip();
    }

    private void shrink() {
        try {
            if (head >= tail) {
                head = 0;
                tail = 0;
            }
            channel.truncate(tail);
        } catch (IOException e) {
            LOG.warn("The usage spool {} cannot be cut: {}", file, e.toString());
        }
    }

    private void takeOver(Path folder) throws IOException {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, "*" + SUFFIX)) {
            for (Path other : all) {
                if (!other.equals(file)) {
                    takeOverFrom(other);
                }
            }
        }
    }

    private void takeOverFrom(Path other) {
        try (FileChannel theirs = FileChannel.open(other, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            FileLock lock = theirs.tryLock();
            if (lock == null) {
                return; // Its gateway lives.
            }
            UsageSpool left = new UsageSpool(other, theirs, Long.MAX_VALUE);
            for (List<UsageEvent> events = left.oldest(256); !events.isEmpty(); events = left.oldest(256)) {
                for (UsageEvent event : events) {
                    if (!add(event)) {
                        LOG.warn("The usage spool {} is full; {} is left for the next start", file, other);
                        return;
                    }
                }
                left.sent(events);
            }
            damaged += left.damaged();
            Files.deleteIfExists(other);
        } catch (OverlappingFileLockException e) {
            LOG.debug("{} is in use in this process", other);
        } catch (IOException e) {
            LOG.warn("The usage spool {} of an earlier gateway cannot be read: {}", other, e.toString());
        }
    }

    private static int checksum(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
