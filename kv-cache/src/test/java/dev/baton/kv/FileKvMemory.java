package dev.baton.kv;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/**
 * KV that Java cannot address: bytes behind a file descriptor whose file has no name any more, moved by calls of the
 * system only, as those of a device would be by its driver. For tests.
 */
final class FileKvMemory implements KvMemory, AutoCloseable {
    private final KvLayout layout;
    private final FileChannel handle;

    FileKvMemory(KvLayout layout) throws IOException {
        this.layout = layout;
        Path file = Files.createTempFile("kv", null);
        this.handle = FileChannel.open(file, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE));
        Files.delete(file);
        handle.write(ByteBuffer.allocate(1), layout.bytes() - 1);
    }

    @Override
    public KvLayout layout() {
        return layout;
    }

    /** Stages the layer where it can be summed. */
    @Override
    public KvDigest digest(int layer, int block, int from, int to) {
        KvLayout one = layout.withBlocks(1);
        HostKvMemory host = new HostKvMemory(new KvRegion(one, MemorySegment.ofArray(new byte[(int) one.bytes()])));
        host.write(layer, 0, staged(layer, block));
        return host.digest(layer, 0, from, to);
    }

    @Override
    public KvDigest copyFrom(KvMemory source, int layer, int sourceBlock, int block, int rows) {
        if (!(source instanceof FileKvMemory other) || !layout.compatibleWith(other.layout)) {
            throw new IllegalArgumentException("no way from %s into %s".formatted(source, this));
        }
        write(layer, block, other.staged(layer, sourceBlock));
        return digest(layer, block, 0, rows);
    }

    private ByteBuffer staged(int layer, int block) {
        ByteBuffer buffer = ByteBuffer.allocate(Math.toIntExact(layout.layerBlockBytes(layer)));
        read(layer, block, buffer);
        return buffer.flip();
    }

    @Override
    public void read(int layer, int block, ByteBuffer into) {
        move(layer, block, into, handle::read);
    }

    @Override
    public void write(int layer, int block, ByteBuffer from) {
        move(layer, block, from, handle::write);
    }

    private interface Call {
        int at(ByteBuffer buffer, long position) throws IOException;
    }

    private void move(int layer, int block, ByteBuffer buffer, Call call) {
        if (buffer.remaining() != layout.layerBlockBytes(layer)) {
            throw new IllegalArgumentException("buffer of %d bytes".formatted(buffer.remaining()));
        }
        try {
            for (long at = layout.offset(layer, block); buffer.hasRemaining(); ) {
                at += call.at(buffer, at);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        handle.close();
    }
}
