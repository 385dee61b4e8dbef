package dev.baton.cluster.lanes;

import dev.baton.cluster.lanes.LaneConsumer.LaneRecord;

/** Takes the records of a lane, in order, on the lane's thread. Must not block: it holds up the lane and its commits. */
@FunctionalInterface
public interface LaneHandler<T> {
    /** An exception counts as {@link LaneRecord#fail}. */
    void handle(LaneRecord<T> record);

    /** It has failed for the last time and is a dead letter. On the lane's thread; must not block. */
    default void dead(T value, String why) {}
}
