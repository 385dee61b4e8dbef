package dev.baton.transfer;

import dev.baton.protocol.AttemptKey;
import dev.baton.transfer.pool.SharedPool;
import dev.baton.transfer.session.TimeSource;
import java.io.IOException;
import java.net.InetSocketAddress;

/**
 * A worker's part in the exchange of KV: it serves prompts that it computes and blocks by their names, and fetches both from
 * others into blocks that are reserved here. No call but {@link #close} blocks.
 */
public final class KvExchange implements AutoCloseable {
    /** Property of the port on which KV sessions are accepted. */
    public static final String PORT_SETTING = "baton.worker.kv-port";

    private final KvSender sender;
    private final KvReceiver receiver;

    /**
     * Listens from now on. The pool stays the caller's and must be closed after this.
     *
     * @param named what others may fetch by name
     */
    public KvExchange(
            SharedPool pool,
            InetSocketAddress bind,
            TransferSettings settings,
            TransferListener listener,
            TimeSource time,
            NamedBlocks named)
            throws IOException {
        SessionContext context = SessionContext.of(pool, settings, listener, time);
        this.sender = new KvSender(context, bind, named).start();
        this.receiver = new KvReceiver(context);
    }

    /** The port in use, also when 0 was asked for. */
    public int port() {
        return sender.port();
    }

    /** Makes a sequence known before its handoff is published; it ends with its completion. */
    public OutgoingTransfer.Prompt offer(AttemptKey key, int tokens) {
        return sender.open(key, tokens);
    }

    /** Asks for KV. Never throws for what a peer does: see the futures. */
    public IncomingTransfer fetch(KvRequest request) {
        return receiver.fetch(request);
    }

    /** Ends all sessions, fails what is open with SHUTTING_DOWN; afterwards nothing here touches the pool. */
    @Override
    public void close() throws IOException, InterruptedException {
        try {
            sender.close();
        } finally {
            receiver.close();
        }
    }
}
