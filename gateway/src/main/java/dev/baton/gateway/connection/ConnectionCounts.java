package dev.baton.gateway.connection;

import java.net.InetAddress;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Open connections, in all and of each address. Any thread. */
final class ConnectionCounts {
    private final int most;
    private final int mostOfAddress;
    private final AtomicInteger open = new AtomicInteger();
    private final ConcurrentMap<InetAddress, Integer> ofAddress = new ConcurrentHashMap<>();

    ConnectionCounts(int most, int mostOfAddress) {
        this.most = most;
        this.mostOfAddress = mostOfAddress;
    }

    int open() {
        return open.get();
    }

    /** True when one more was counted; then {@link #leave} must follow. */
    boolean enter(InetAddress address) {
        if (open.incrementAndGet() > most) {
            open.decrementAndGet();
            return false;
        }
        if (ofAddress.merge(address, 1, Integer::sum) > mostOfAddress) {
            leave(address);
            return false;
        }
        return true;
    }

    void leave(InetAddress address) {
        ofAddress.computeIfPresent(address, (key, count) -> count > 1 ? count - 1 : null);
        open.decrementAndGet();
    }
}
