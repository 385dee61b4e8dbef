package dev.baton.transfer.pool;

import dev.baton.transfer.ChildJvm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A worker in a JVM of its own that decodes a few sequences over and over, as fast as it can, until it is killed. */
final class PoolOwner {
    /** Twice as many as fit into its pool. */
    static final int SEQUENCES = 12;

    private PoolOwner() {}

    static ChildJvm start(Path folder, String worker, long epoch) throws IOException {
        return ChildJvm.start(
                PoolOwner.class, List.of("-Xmx64m"), List.of(folder.toString(), worker, Long.toString(epoch)));
    }

    public static void main(String[] args) throws IOException {
        SharedPool pool = SharedPool.create(Path.of(args[0]), Rows.identity(args[1], Long.parseLong(args[2])));
        ChildJvm.say("file " + pool.path());
        ChildJvm.say("adopted " + pool.adopted().named().size());
        SequenceWriter writer = new SequenceWriter(pool.region(), pool.ledger(), () -> {});
        for (int round = 0; ; round++) {
            for (int sequence = 0; sequence < SEQUENCES; sequence++) {
                writer.decode(sequence);
            }
            if (round % 100 == 0) {
                ChildJvm.say("round " + round);
            }
        }
    }
}
