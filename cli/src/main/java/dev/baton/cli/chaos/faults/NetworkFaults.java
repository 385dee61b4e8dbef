package dev.baton.cli.chaos.faults;

import static dev.baton.cli.chaos.faults.Proof.applied;
import static dev.baton.cli.chaos.faults.Proof.within;

import dev.baton.stack.proxy.FaultProxy;
import dev.baton.stack.proxy.LinkFault;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;

/** Faults of the connections between gateways and workers, and between workers. */
final class NetworkFaults {
    private static final Duration TAKES_EFFECT_WITHIN = Duration.ofSeconds(30);
    private static final LinkFault STALLS = new LinkFault.Stalls(0.25, Duration.ofMillis(50), Duration.ofMillis(300));

    private final SocketOwners owners;
    private final Runnable awaitServes;
    private final Random random;

    /** @param awaitServes returns when all parts serve */
    NetworkFaults(SocketOwners owners, Runnable awaitServes, Random random) {
        this.owners = owners;
        this.awaitServes = awaitServes;
        this.random = random;
    }

    /** One client of one of these proxies. */
    private record Pair(FaultProxy proxy, String client) {}

    /** All connections of one pair are reset, and so are new ones. */
    Fault cut(Collection<FaultProxy> proxies, Duration hold) {
        return ofPair(proxies, new LinkFault.Cut(), hold);
    }

    /** One of a pair is not heard by the other. */
    Fault mute(Collection<FaultProxy> proxies, Duration hold) {
        List<LinkFault.Way> ways = List.of(LinkFault.Way.values());
        return ofPair(proxies, new LinkFault.OneWay(ways.get(random.nextInt(ways.size()))), hold);
    }

    private Fault ofPair(Collection<FaultProxy> proxies, LinkFault fault, Duration hold) {
        return new Fault() {
            @Override
            public void strike() {
                AtomicReference<Pair> found = new AtomicReference<>();
                applied(
                        within(TAKES_EFFECT_WITHIN, () -> {
                            pair(proxies).ifPresent(found::set);
                            return found.get() != null;
                        }),
                        "nobody is connected");
                FaultProxy proxy = found.get().proxy();
                String client = found.get().client();
                long before = proxy.struck();
                proxy.strike(
                        fault,
                        port -> owners.of(port, proxy.port())
                                .filter(client::equals)
                                .isPresent());
                applied(
                        within(TAKES_EFFECT_WITHIN, () -> proxy.struck() > before),
                        "nothing of " + client + " passed where it was to be lost");
            }

            @Override
            public void heal() {
                Proof.sleep(hold);
                proxies.forEach(FaultProxy::heal);
                awaitServes.run();
            }
        };
    }

    /** All connections through these are slow and uneven. */
    Fault stall(Collection<FaultProxy> proxies, Duration hold) {
        return new Fault() {
            @Override
            public void strike() {
                long before = struck(proxies);
                proxies.forEach(proxy -> proxy.strike(STALLS, port -> true));
                applied(within(TAKES_EFFECT_WITHIN, () -> struck(proxies) > before), "nothing was held back");
            }

            @Override
            public void heal() {
                Proof.sleep(hold);
                proxies.forEach(FaultProxy::heal);
                awaitServes.run();
            }
        };
    }

    private static long struck(Collection<FaultProxy> proxies) {
        return proxies.stream().mapToLong(FaultProxy::struck).sum();
    }

    /** One that is connected now; empty when none is. */
    private Optional<Pair> pair(Collection<FaultProxy> proxies) {
        List<FaultProxy> connected =
                proxies.stream().filter(proxy -> !proxy.clients().isEmpty()).toList();
        if (connected.isEmpty()) {
            return Optional.empty();
        }
        FaultProxy proxy = connected.get(random.nextInt(connected.size()));
        List<Integer> clients = proxy.clients();
        if (clients.isEmpty()) {
            return Optional.empty();
        }
        return owners.of(clients.get(random.nextInt(clients.size())), proxy.port())
                .map(client -> new Pair(proxy, client));
    }
}
