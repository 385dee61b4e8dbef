package dev.baton.transfer.session;

import dev.baton.protocol.v1.KvTransportKind;
import java.util.List;

/** Which ways of moving bytes a worker takes part in. */
public enum TransportChoice {
    /** Shared memory where the pair can map, else TCP. */
    AUTO(List.of(KvTransportKind.SHARED_MEMORY, KvTransportKind.TCP)),
    /** Shared memory or nothing. */
    SHARED_MEMORY(List.of(KvTransportKind.SHARED_MEMORY)),
    TCP(List.of(KvTransportKind.TCP));

    private final List<KvTransportKind> kinds;

    TransportChoice(List<KvTransportKind> kinds) {
        this.kinds = kinds;
    }

    /** Best first. */
    public List<KvTransportKind> kinds() {
        return kinds;
    }
}
