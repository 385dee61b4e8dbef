package dev.baton.kv.ffm;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.System.Logger.Level;
import java.lang.foreign.FunctionDescriptor;

/**
 * Lets others see the death of this process at once, however much memory it has. The kernel frees the memory of a killed
 * process before it closes its sockets: half a second for some gigabytes. A second process that shares this one's memory,
 * and sleeps until this one is gone, defers that: the sockets close first, and the memory is freed when it ends too. It is
 * a child of this process, has no open files but its view of this one, and takes no time; tools that add up processes
 * count the memory twice.
 */
public final class MemoryKeeper {
    private static final System.Logger LOG = System.getLogger(MemoryKeeper.class.getName());

    private MemoryKeeper() {}

    /** Makes the second process; once in the life of this one. False where this system does not allow it: deaths are seen later. */
    public static boolean start() {
        NativeLibrary library = NativeLibrary.shipped("libbatonkv.so");
        if (library == null) {
            return false;
        }
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
