package dev.baton.transfer.pool;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/** The few calls of the C library that Java has no name for. */
final class Posix {
    private static final int O_RDWR = 2;
    private static final int MADV_POPULATE_READ = 22;
    private static final int MADV_POPULATE_WRITE = 23;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Optional<MethodHandle> OPEN = find(
            "open",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT),
            Linker.Option.firstVariadicArg(2));
    private static final Optional<MethodHandle> CLOSE =
            find("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final Optional<MethodHandle> FALLOCATE = find(
            "posix_fallocate",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final Optional<MethodHandle> MADVISE = find(
            "madvise",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));

    private Posix() {}

    private static Optional<MethodHandle> find(String name, FunctionDescriptor type, Linker.Option... options) {
        return LINKER.defaultLookup().find(name).map(symbol -> LINKER.downcallHandle(symbol, type, options));
    }

    /**
     * Gives every byte of the file its memory now, so that a full file system is an error here and never a SIGBUS later.
     */
    static void allocate(Path file, long bytes) throws IOException {
        if (OPEN.isEmpty() || CLOSE.isEmpty() || FALLOCATE.isEmpty()) {
            writeZeros(file, bytes);
            return;
        }
        int error;
        try (Arena arena = Arena.ofConfined()) {
            int fd = (int) OPEN.get().invokeExact(arena.allocateFrom(file.toString()), O_RDWR, 0);
            if (fd < 0) {
                throw new IOException("cannot open " + file + " for allocation");
            }
            error = (int) FALLOCATE.get().invokeExact(fd, 0L, bytes);
            int ignored = (int) CLOSE.get().invokeExact(fd);
        } catch (IOException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        if (error != 0) {
            throw new IOException("posix_fallocate of %d bytes for %s: errno %d".formatted(bytes, file, error));
        }
    }

    private static void writeZeros(Path file, long bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            ByteBuffer zeros = ByteBuffer.allocateDirect(1 << 20);
            for (long at = 0; at < bytes; ) {
                zeros.clear().limit((int) Math.min(zeros.capacity(), bytes - at));
                at += channel.write(zeros, at);
            }
        }
    }

    /** Fills the page tables of a mapping ahead of its first use. Advice: an older kernel refuses and nothing is lost. */
    static void populate(MemorySegment mapping, boolean writable) {
        if (MADVISE.isEmpty()) {
            return;
        }
        int advice = writable ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
        try {
            int ignored = (int) MADVISE.get().invokeExact(mapping, mapping.byteSize(), advice);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
