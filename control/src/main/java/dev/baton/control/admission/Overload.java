package dev.baton.control.admission;

import dev.baton.control.admission.Bookings.Booking;
import dev.baton.control.admission.TtftPredictor.Raw;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests away whose first token would come later than they wait for it, says when to come again, and keeps them a
 * place until then and {@linkplain Bookings#KEPT a little longer}. Who comes in that time is let in before anybody new; who
 * comes earlier or later, or never, is as one who comes for the first time. A place is one in the queue of its tenant: a new
 * request of that tenant is let in where no place that was promised would come too late by it. To other tenants it is nothing:
 * what they get of the workers is for the fair order to say. Any thread.
 */
public final class Overload {
    private final TtftPredictor predictor;
    private final Bookings bookings;
    private long kept;

    /**
     * @param most places kept in all
     * @param mostOfTenant of one tenant
     */
    public Overload(TtftPredictor predictor, int most, int mostOfTenant) {
        this.predictor = predictor;
        this.bookings = new Bookings(most, mostOfTenant);
    }

    /**
     * A request that asks.
     *
     * @param body names it among its tenant's; asked for only where it counts, since it may be work, and never while others
     *     wait for the answer
     * @param patience how long it waits for its first token
     * @param places answers that it asks for
     */
    public record Asked(String tenant, int weight, Supplier<String> body, Duration patience, int places) {
        public Asked(String tenant, int weight, Supplier<String> body, Duration patience) {
            this(tenant, weight, body, patience, 1);
        }
    }

    /** The answer. */
    public sealed interface Answer {}

    /**
     * It may come in, as far as the workers go.
     *
     * @param place that was kept for it; null for none. {@link #taken} must follow when it comes in
     */
    public record LetIn(@Nullable Place place) implements Answer {}

    /**
     * It is to come again.
     *
     * @param ttft when its first token would have been there, at the latest
     * @param place null when no room is left for one
     */
    public record Later(
            Duration retryAfter, Duration ttft, @Nullable Place place) implements Answer {}

    /** What is kept for a request: a place for each of its answers. */
    public static final class Place {
        private final Booking booking;
        private final Instant told;

        private Place(Booking booking) {
            this.booking = booking;
            this.told = booking.told();
        }

        /** When it was told to come again. */
        public Instant told() {
            return told;
        }
    }

    /**
     * Answers a request.
     *
     * @param raw what is predicted of it, of its tenant's last one in turn; null when nothing can be
     */
    public Answer ask(Asked asked, @Nullable Raw raw, Instant now) {
        return unnamed(asked, raw, now).orElseGet(() -> {
            String body = asked.body().get();
            return ask(asked, body, raw, now);
        });
    }

    /** Empty where it counts which request it is. */
    private synchronized Optional<Answer> unnamed(Asked asked, @Nullable Raw raw, Instant now) {
        bookings.expire(now);
        boolean letIn = bookings.of(asked.tenant()).isEmpty() && late(asked, waits(raw), null, now) <= 0;
        return letIn ? Optional.of(new LetIn(null)) : Optional.empty();
    }

    private synchronized Answer ask(Asked asked, String body, @Nullable Raw raw, Instant now) {
        Optional<Booking> own = bookings.find(asked.tenant(), body, now);
        if (own.isPresent() && own.get().isOpen(now)) {
            return new LetIn(new Place(own.get()));
        }
        TtftPrediction prediction = waits(raw);
        double late = late(asked, prediction, own.orElse(null), now);
        if (prediction == null || late <= 0) {
            return new LetIn(own.map(Place::new).orElse(null));
        }
        return own.map(booking -> again(booking, prediction, now))
                .orElseGet(() -> later(asked, body, prediction, Duration.ofNanos((long) (late * 1e9)), now));
    }

    /** Null where nothing is predicted, or nothing to wait for. */
    private @Nullable TtftPrediction waits(@Nullable Raw raw) {
        return raw == null || raw.ahead() <= 0 ? null : predictor.cautious(raw);
    }

    /** Longest wait for the turn, in seconds. A prompt that takes too long by itself is not helped by coming later. */
    private static double most(TtftPrediction prediction, Duration patience) {
        double seconds = patience.toNanos() / 1e9;
        return prediction.own() < seconds ? seconds - prediction.own() : seconds;
    }

    /**
     * By how many seconds the request is too early; for one that comes in now none of the places that are kept may come too
     * late. Not above 0 where it may come in.
     */
    private double late(Asked asked, @Nullable TtftPrediction prediction, @Nullable Booking own, Instant now) {
        if (prediction == null) {
            return 0;
        }
        double most = most(prediction, asked.patience());
        double wait = prediction.ahead();
        boolean fits = wait <= most;
        for (Booking booking : bookings.of(asked.tenant())) {
            if (booking == own) {
                break;
            }
            double until = Math.max(0, Duration.between(now, booking.due()).toNanos() / 1e9);
            fits &= wait + asked.places() * prediction.step() - until <= most / 2;
            wait += booking.places() * prediction.step();
        }
        return fits ? 0 : Math.max(Bookings.SHORTEST_RETRY.toNanos() / 1e9, wait - most / 2);
    }

    private Later later(Asked asked, String body, TtftPrediction prediction, Duration in, Instant now) {
        // Headers have whole milliseconds.
        Instant due = now.plusMillis(in.toMillis() + 1);
        Optional<Booking> booking = bookings.add(asked.tenant(), asked.weight(), body, asked.places(), due, now);
        Duration told = in.compareTo(Bookings.LONGEST_RETRY) < 0 ? Duration.between(now, due) : Bookings.LONGEST_RETRY;
        return later(told, prediction, booking);
    }

    private Later again(Booking booking, TtftPrediction prediction, Instant now) {
        Duration left = Duration.ofMillis(Duration.between(now, booking.due()).toMillis() + 1);
        Duration told = left.compareTo(Bookings.LONGEST_RETRY) < 0 ? left : Bookings.LONGEST_RETRY;
        return later(told, prediction, Optional.of(bookings.tellAgain(booking, now.plus(told))));
    }

    private static Later later(Duration told, TtftPrediction prediction, Optional<Booking> booking) {
        Duration ttft = Duration.ofNanos((long) (prediction.seconds() * 1e9));
        return new Later(told, ttft, booking.map(Place::new).orElse(null));
    }

    /** All places of the gateway are taken: it is to come again, when one is likely free for it. */
    public Later full(Asked asked, @Nullable Place place, Duration freeIn, Instant now) {
        String body = asked.body().get();
        synchronized (this) {
            if (place != null) {
                bookings.remove(place.booking);
            }
            return later(asked, body, new TtftPrediction(0, 0, 0), freeIn, now);
        }
    }

    /** A request came in; its place, if it had one, is not kept any more. */
    public synchronized void taken(Place place) {
        bookings.remove(place.booking);
        kept++;
    }

    /** Places that are due and not taken, as far as they count for a new request of a tenant. */
    public synchronized int openFor(String tenant, Instant now) {
        return bookings.openFor(tenant, now);
    }

    /** Places kept now, by tenant. */
    public synchronized Map<String, Booked> byTenant() {
        return bookings.counts();
    }

    /** Requests for which places are kept now. */
    public synchronized int booked() {
        return bookings.size();
    }

    /** Requests that took the places that were kept for them, since the start. */
    public synchronized long kept() {
        return kept;
    }

    /** Requests for which places were kept and that did not come in time, since the start. */
    public synchronized long lapsed() {
        return bookings.lapsed();
    }
}
