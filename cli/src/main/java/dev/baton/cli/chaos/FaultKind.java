package dev.baton.cli.chaos;

import java.util.Locale;

/** What is done to a stack. The first word of a name is the deed, the rest the part that it is done to. */
enum FaultKind {
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
    /** Asked to end, and started again. */
    RESTART_DECODE,
    RESTART_PREFILL,
    /** All keys gone. */
    EMPTY_REDIS,
    /** Refuses writes. */
    READONLY_REDIS,
    /** Answers nothing for a while, but takes connections. */
    SLOW_REDIS,
    /** Many clients leave at once in the middle of their answers. */
    LEAVE_GATEWAY;

    /** The part that is struck: two faults at once never strike the same. */
    String part() {
        return name().substring(name().indexOf('_') + 1).toLowerCase(Locale.ROOT);
    }

    /** As options and the report name it. */
    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
