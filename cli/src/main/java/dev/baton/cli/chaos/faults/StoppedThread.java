package dev.baton.cli.chaos.faults;

import dev.baton.cli.host.CliException;
import dev.baton.stack.ChildProcess;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * One thread of a process, stopped by {@code ptrace} as a debugger stops it, while the others go on. A signal stops the whole
 * process. Linux. Not the first thread of a child: the JDK waits for its end and would take the stop for it. A process
 * that is killed meanwhile ends when the thread is let go.
 */
final class StoppedThread implements AutoCloseable {
    private static final int DETACH = 17;
    private static final int SEIZE = 0x4206;
    private static final int INTERRUPT = 0x4207;
    private static final int WAIT_FOR_ANY_KIND = 0x4000_0000;
    private static final int NO_HANG = 1;
    /** In the third byte of a status: stopped as it was asked to, not by a signal that is yet to be delivered. */
    private static final int EVENT_STOP = 128;

    private static final Duration STOPS_WITHIN = Duration.ofSeconds(10);

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Optional<MethodHandle> PTRACE = find(
            "ptrace",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG),
            Linker.Option.firstVariadicArg(1));
    private static final Optional<MethodHandle> WAITPID = find(
            "waitpid",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));

    /** The kernel takes orders for a stopped thread only from the thread that stopped it. */
    private final ExecutorService tracer = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("tracer").daemon().factory());

    private final Path thread;
    private final int id;
    private int signal;

    private StoppedThread(Path thread) {
        this.thread = thread;
        this.id = Integer.parseInt(thread.getFileName().toString());
    }

    private static Optional<MethodHandle> find(String name, FunctionDescriptor type, Linker.Option... options) {
        return LINKER.defaultLookup().find(name).map(symbol -> LINKER.downcallHandle(symbol, type, options));
    }

    /** Whether this process may do that to its children: tried on one. */
    static boolean available() {
        if (!System.getProperty("os.name").equals("Linux") || PTRACE.isEmpty() || WAITPID.isEmpty()) {
            return false;
        }
        Process child = null;
        try {
            child = new ProcessBuilder("sleep", "60").start();
            // Seized, it runs on; it can be let go only when it stands, and is killed instead.
            return ptrace(SEIZE, Math.toIntExact(child.pid()), 0) == 0;
        } catch (IOException e) {
            return false;
        } finally {
            if (child != null) {
                child.destroyForcibly();
            }
        }
    }

    /**
     * Returns when it stands.
     *
     * @throws CliException beginning with {@code fault not applied} when it does not
     */
    static StoppedThread stop(ChildProcess process, String name) {
        StoppedThread stopped = new StoppedThread(find(process, name));
        try {
            stopped.onTracer(stopped::seize);
            Proof.applied(stopped.state() == 't', name + " of " + process.name() + " was not stopped");
            return stopped;
        } catch (RuntimeException e) {
            stopped.close();
            throw e;
        }
    }

    /** By the name that the system knows, which holds 15 characters. */
    private static Path find(ChildProcess process, String name) {
        try (DirectoryStream<Path> threads =
                Files.newDirectoryStream(Path.of("/proc", Long.toString(process.pid()), "task"))) {
            for (Path each : threads) {
                if (Files.readString(each.resolve("comm")).strip().equals(name)) {
                    return each;
                }
            }
        } catch (IOException e) {
            throw new CliException("fault not applied: the threads of " + process.name() + " cannot be read", e);
        }
        throw new CliException("fault not applied: " + process.name() + " has no thread '" + name + "'");
    }

    private void seize() {
        ask(SEIZE, 0, "was not seized");
        ask(INTERRUPT, 0, "was not interrupted");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment status = arena.allocate(ValueLayout.JAVA_INT);
            Proof.applied(Proof.within(STOPS_WITHIN, () -> waited(status)), "thread " + id + " did not stop");
            int how = status.get(ValueLayout.JAVA_INT, 0);
            signal = how >> 16 == EVENT_STOP ? 0 : how >> 8 & 0xff;
        }
    }

    private boolean waited(MemorySegment status) {
        try {
            return (int) WAITPID.orElseThrow().invokeExact(id, status, WAIT_FOR_ANY_KIND | NO_HANG) == id;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private void ask(int request, long data, String otherwise) {
        Proof.applied(ptrace(request, id, data) == 0, "thread " + id + " " + otherwise);
    }

    private static long ptrace(int request, int thread, long data) {
        try {
            return (long) PTRACE.orElseThrow().invokeExact(request, thread, 0L, data);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private char state() {
        try {
            String stat = Files.readString(thread.resolve("stat"));
            return stat.charAt(stat.lastIndexOf(')') + 2);
        } catch (IOException e) {
            return ' ';
        }
    }

    private void onTracer(Runnable task) {
        Future<?> done = tracer.submit(task);
        try {
            done.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof CliException known ? known : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted", e);
        }
    }

    /** It goes on, unless its process has ended meanwhile. */
    @Override
    public void close() {
        try {
            onTracer(() -> ptrace(DETACH, id, signal));
        } finally {
            tracer.shutdown();
        }
    }
}
