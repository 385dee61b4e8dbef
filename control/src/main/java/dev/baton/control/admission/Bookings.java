package dev.baton.control.admission;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.SequencedCollection;
import java.util.TreeSet;

/**
 * Places that are kept for requests that were sent away: each until some seconds after it was told to come again. Bounded
 * for each tenant and in all; who finds no room is told a time as well and has no place. Not thread-safe.
 */
final class Bookings {
    /** Clients that honour Retry-After ignore one that is longer. */
    static final Duration LONGEST_RETRY = Duration.ofMinutes(1);

    static final Duration SHORTEST_RETRY = Duration.ofMillis(100);

    /** How long a place is kept after the time that was told. */
    static final Duration KEPT = Duration.ofSeconds(5);

    private static final Comparator<Booking> BY_DUE =
            Comparator.comparing(Booking::due).thenComparingLong(Booking::number);
    private static final Comparator<Booking> BY_END =
            Comparator.comparing(Booking::until).thenComparingLong(Booking::number);

    private final int most;
    private final int mostOfTenant;
    private final Map<String, NavigableSet<Booking>> byTenant = new HashMap<>();
    private final NavigableSet<Booking> byEnd = new TreeSet<>(BY_END);
    private long numbers;
    private long lapsed;

    /**
     * @param most in all
     * @param mostOfTenant of one tenant
     */
    Bookings(int most, int mostOfTenant) {
        this.most = most;
        this.mostOfTenant = mostOfTenant;
    }

    /**
     * A place.
     *
     * @param body names the request among its tenant's
     * @param places in the queue of its tenant: answers that it asks for
     * @param due when the place is thought to be free
     * @param told when it was told to come again: {@code due} unless that is too far away
     */
    record Booking(String tenant, int weight, String body, int places, Instant due, Instant told, long number) {
        Instant until() {
            return told.plus(KEPT);
        }

        boolean isOpen(Instant now) {
            return !due.isAfter(now);
        }
    }

    /** The place of a request, the first of several; those whose time has passed are gone. */
    Optional<Booking> find(String tenant, String body, Instant now) {
        expire(now);
        return of(tenant).stream()
                .filter(booking -> booking.body().equals(body))
                .findFirst();
    }

    /** Keeps places from then on; empty when there is no room for them. */
    Optional<Booking> add(String tenant, int weight, String body, int places, Instant due, Instant now) {
        expire(now);
        if (places(byEnd) + Math.min(places, most) > most
                || places(of(tenant)) + Math.min(places, mostOfTenant) > mostOfTenant) {
            return Optional.empty();
        }
        Instant latest = now.plus(LONGEST_RETRY);
        Booking booking = new Booking(tenant, weight, body, places, due, due.isAfter(latest) ? latest : due, numbers++);
        put(booking);
        return Optional.of(booking);
    }

    /** It came before its place was free, and is told once more. */
    Booking tellAgain(Booking booking, Instant told) {
        remove(booking);
        Booking again = new Booking(
                booking.tenant(),
                booking.weight(),
                booking.body(),
                booking.places(),
                booking.due(),
                told,
                booking.number());
        put(again);
        return again;
    }

    private void put(Booking booking) {
        byTenant.computeIfAbsent(booking.tenant(), first -> new TreeSet<>(BY_DUE))
                .add(booking);
        byEnd.add(booking);
    }

    void remove(Booking booking) {
        byEnd.remove(booking);
        byTenant.computeIfPresent(booking.tenant(), (tenant, own) -> {
            own.remove(booking);
            return own.isEmpty() ? null : own;
        });
    }

    /** Of one tenant, by the time at which they are due. */
    SequencedCollection<Booking> of(String tenant) {
        NavigableSet<Booking> own = byTenant.get(tenant);
        return own == null ? new TreeSet<>(BY_DUE) : own;
    }

    /** By tenant. */
    Map<String, Booked> counts() {
        Map<String, Booked> counts = new HashMap<>();
        byTenant.forEach((tenant, own) ->
                counts.put(tenant, new Booked(places(own), own.getLast().weight())));
        return counts;
    }

    /** Places that are due and not taken, as far as they count for a tenant: of each other no more than its own and one. */
    int openFor(String tenant, Instant now) {
        expire(now);
        int own = open(of(tenant), now);
        return own
                + byTenant.entrySet().stream()
                        .filter(other -> !other.getKey().equals(tenant))
                        .mapToInt(other -> Math.min(own + 1, open(other.getValue(), now)))
                        .sum();
    }

    private static int open(SequencedCollection<Booking> bookings, Instant now) {
        return bookings.stream()
                .takeWhile(booking -> booking.isOpen(now))
                .mapToInt(Booking::places)
                .sum();
    }

    private static int places(SequencedCollection<Booking> bookings) {
        return bookings.stream().mapToInt(Booking::places).sum();
    }

    void expire(Instant now) {
        while (!byEnd.isEmpty() && byEnd.getFirst().until().isBefore(now)) {
            remove(byEnd.getFirst());
            lapsed++;
        }
    }

    int size() {
        return byEnd.size();
    }

    /** For which nobody came in time, since the start. */
    long lapsed() {
        return lapsed;
    }
}
