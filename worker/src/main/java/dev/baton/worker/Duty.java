package dev.baton.worker;

import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import dev.baton.cluster.lanes.LaneRecord;
import dev.baton.protocol.v1.Attempt;

/** What a role does with its lane's records. Called on the lane's and the stream's threads: must not block. */
public interface Duty<T extends Message> extends AutoCloseable {
    /** Of the records of its lane. */
    Parser<T> parser();

    /** Takes one record: claims it, and ends it when it need not be delivered again. */
    void take(LaneRecord<T> record);

    /** A gateway gives an attempt up. */
    void cancel(String requestId, Attempt attempt);

    /** Records taken and not yet done. */
    int underWay();

    /** Port of KV sessions, 0 when this role listens for none. */
    int kvPort();

    /** Lets go of sessions; the engine and its pool are closed after it. */
    @Override
    void close();
}
