package dev.baton.kv.ffm;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.System.Logger.Level;
import java.lang.foreign.FunctionDescriptor;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * Lets others see the death of this process at once, however much memory it has. The kernel frees the memory of a killed
 * process before it closes its sockets: a second for some gigabytes. A second process that shares this one's memory, and
 * sleeps, defers that: the sockets close first, then it is killed too, by the kernel, and the memory is freed. It is a
 * child of this process, has no open files and takes no time; tools that add up processes count the memory twice.
 */
public final class MemoryKeeper {
    private static final System.Logger LOG = System.getLogger(MemoryKeeper.class.getName());
    private static final int LIMIT_SECONDS = 10;

    private MemoryKeeper() {}

    /** Makes the second process; once in the life of this one. False where this system does not allow it: deaths are seen later. */
    public static boolean start() {
        NativeLibrary library = NativeLibrary.shipped("libbatonkv.so");
        if (library == null) {
            return false;
        }
        CompletableFuture<Boolean> made = new CompletableFuture<>();
        // The kernel kills the keeper when the thread that made it ends: this one lasts as long as the process.
        Thread.ofPlatform().daemon().name("memory-keeper").start(() -> {
            made.complete(make(library));
            while (true) {
                LockSupport.park();
            }
        });
        try {
            return made.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException | TimeoutException e) {
            return false;
        }
    }

    private static boolean make(NativeLibrary library) {
        try {
            long result = (long) library.function("baton_keep_memory", FunctionDescriptor.of(JAVA_LONG))
                    .invokeExact();
            if (result != 0) {
                LOG.log(Level.INFO, "No process beside this one can keep its memory: its death is seen later");
            }
            return result == 0;
        } catch (Throwable e) {
            LOG.log(Level.WARNING, "The keeper of memory was not made", e);
            return false;
        }
    }
}
