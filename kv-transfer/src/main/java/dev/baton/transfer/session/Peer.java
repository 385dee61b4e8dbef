package dev.baton.transfer.session;

import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.transfer.pool.PoolIdentity;
import java.util.List;

/**
 * What an authenticated peer said of itself.
 *
 * @param poolPath its pool file as it sees it, empty when it does not offer shared memory
 */
public record Peer(PoolIdentity identity, String machine, List<KvTransportKind> transports, String poolPath) {}
