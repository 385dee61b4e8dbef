package dev.baton.cli.chaos.faults;

import java.util.Locale;

/** What is done to a stack. The first word of a name is the deed, the rest the part that it is done to. */
public enum FaultKind {
    /** {@code kill -9}; the part is started again. */
    KILL_DECODE,
    KILL_PREFILL,
    KILL_GATEWAY,
    KILL_REDIS,
    KILL_KAFKA,
    /** Stopped by a signal and continued some time later. */
    FREEZE_DECODE,
    FREEZE_PREFILL,
    FREEZE_GATEWAY,
    FREEZE_REDIS,
    FREEZE_KAFKA,
    /** The thread of the engine alone is stopped. */
    HANG_DECODE,
    HANG_PREFILL,
    /** Asked to end, and started again. */
    RESTART_DECODE,
    RESTART_PREFILL,
    /** Every worker and gateway, one after another. */
    ROLL_STACK,
    /** All keys gone. */
    EMPTY_REDIS,
    /** Refuses writes. */
    READONLY_REDIS,
    /** Answers nothing for a while, but takes connections. */
    SLOW_REDIS,
    /** Many clients leave at once in the middle of their answers. */
    LEAVE_GATEWAY,
    /** 300 of them, more than are served at one time. */
    BURST_GATEWAY,
    /** The connections of one gateway and one worker, or of two workers, are reset and refused. */
    CUT_TOKENS,
    CUT_KV,
    /** What one of the two says to the other is lost, and nobody is told. */
    MUTE_TOKENS,
    MUTE_KV,
    /** A quarter of what passes on all of them is held back for 50 to 300 ms, as when packets are lost. */
    STALL_TOKENS,
    STALL_KV,
    /** Bits of KV change on its way between workers. */
    FLIP_KV,
    /** Bits of all cached blocks change where they lie. */
    FLIP_CACHE,
    /** No byte is free where the pools lie. */
    FILL_POOLS,
    /** No byte is free where Kafka writes. */
    FILL_KAFKA,
    /** The clock of one process jumps, and later back. */
    STEP_CLOCK;

    /** The part that is struck: two faults at once never strike the same. */
    public String part() {
        return name().substring(name().indexOf('_') + 1).toLowerCase(Locale.ROOT);
    }

    /** Whether its proof holds only while nothing else is struck. */
    public boolean alone() {
        return switch (this) {
            case ROLL_STACK, FLIP_KV, FLIP_CACHE -> true;
            case KILL_DECODE,
                    KILL_PREFILL,
                    KILL_GATEWAY,
                    KILL_REDIS,
                    KILL_KAFKA,
                    FREEZE_DECODE,
                    FREEZE_PREFILL,
                    FREEZE_GATEWAY,
                    FREEZE_REDIS,
                    FREEZE_KAFKA,
                    HANG_DECODE,
                    HANG_PREFILL,
                    RESTART_DECODE,
                    RESTART_PREFILL,
                    EMPTY_REDIS,
                    READONLY_REDIS,
                    SLOW_REDIS,
                    LEAVE_GATEWAY,
                    BURST_GATEWAY,
                    CUT_TOKENS,
                    CUT_KV,
                    MUTE_TOKENS,
                    MUTE_KV,
                    STALL_TOKENS,
                    STALL_KV,
                    FILL_POOLS,
                    FILL_KAFKA,
                    STEP_CLOCK -> false;
        };
    }

    /** As options and the report name it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
