package dev.baton.explorer;

import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.v1.WorkerRef;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** KV on its way from prefill to decode workers: what was offered, who asks for it, and what breaks. */
public final class KvModel {
    private final Timeline time;
    private final Random random;
    private final Map<WorkerRef, Life> lives = new HashMap<>();
    private final Map<AttemptKey, Offer> offers = new HashMap<>();
    private final List<Transfer> transfers = new ArrayList<>();
    private final Map<String, Boolean> cuts = new HashMap<>();

    KvModel(Timeline time, Random random) {
        this.time = time;
        this.random = random;
    }

    /** A prompt's KV at its source. */
    public final class Offer {
        private final AttemptKey key;
        private final WorkerRef at;
        private final Runnable whenOver;
        private @Nullable Integer firstToken;
        private boolean over;

        private Offer(AttemptKey key, WorkerRef at, Runnable whenOver) {
            this.key = key;
            this.at = at;
            this.whenOver = whenOver;
        }

        /** It is whole. */
        public void complete(int token) {
            firstToken = token;
            List.copyOf(transfers).stream()
                    .filter(transfer -> transfer.of == this)
                    .forEach(Transfer::carry);
        }

        /** It goes: sent, or given up. */
        public void close() {
            if (!over) {
                over = true;
                offers.remove(key, this);
                List.copyOf(transfers).stream()
                        .filter(transfer -> transfer.of == this && !transfer.carried)
                        .forEach(Transfer::fails);
                whenOver.run();
            }
        }
    }

    private final class Transfer {
        private final Life from;
        private final Life to;
        private final Offer of;
        private final Consumer<@Nullable Integer> then;
        private boolean carried;

        private Transfer(Life from, Life to, Offer of, Consumer<@Nullable Integer> then) {
            this.from = from;
            this.to = to;
            this.of = of;
            this.then = then;
        }

        private void carry() {
            if (of.firstToken == null || carried || broken(from, to)) {
                return;
            }
            carried = true;
            Integer token = of.firstToken;
            to.thread("kv").after(way(), () -> {
                if (transfers.remove(this)) {
                    then.accept(token);
                    if (broken(to, from)) {
                        return;
                    }
                    from.thread("kv").after(way(), of::close);
                }
            });
        }

        private void fails() {
            if (transfers.remove(this)) {
                to.thread("kv").after(way(), () -> then.accept(null));
            }
        }
    }

    private long way() {
        return 1_000_000 + random.nextInt(20_000_000);
    }

    private boolean broken(Life from, Life to) {
        return cuts.getOrDefault(id(from) + ">" + id(to), false);
    }

    private static String id(Life life) {
        return life.name().substring(0, life.name().indexOf('#'));
    }

    public void serves(WorkerRef worker, Life life) {
        lives.put(worker, life);
    }

    public Offer offer(AttemptKey key, WorkerRef at, Runnable whenOver) {
        Offer offer = new Offer(key, at, whenOver);
        offers.put(key, offer);
        return offer;
    }

    /** @param then hears of the first token, null when it does not come */
    public void fetch(Life to, WorkerRef source, AttemptKey key, Consumer<@Nullable Integer> then) {
        Life from = lives.get(source);
        if (from == null || from.ended()) {
            to.thread("kv").after(way(), () -> then.accept(null));
            return;
        }
        Offer of = offers.get(key);
        if (of == null || !of.at.equals(source)) {
            to.thread("kv").after(way(), () -> then.accept(null));
            return;
        }
        Transfer transfer = new Transfer(from, to, of, then);
        transfers.add(transfer);
        if (!broken(to, from)) {
            from.thread("kv").after(way(), transfer::carry);
        }
    }

    /** One way. Ends with a reset of what is between the two. */
    void cut(String from, String to, boolean now) {
        cuts.put(from + ">" + to, now);
        if (!now) {
            List.copyOf(transfers).stream()
                    .filter(one -> (id(one.from).equals(from) && id(one.to).equals(to))
                            || (id(one.from).equals(to) && id(one.to).equals(from)))
                    .forEach(one -> {
                        one.fails();
                        one.from.thread("kv").after(way(), one.of::close);
                    });
        }
    }

    void gone(Life life) {
        lives.values().removeIf(life::equals);
        List.copyOf(transfers).forEach(transfer -> {
            if (transfer.from == life) {
                transfer.fails();
            } else if (transfer.to == life) {
                transfers.remove(transfer);
                transfer.from.thread("kv").after(way(), transfer.of::close);
            }
        });
        offers.values().removeIf(offer -> !lives.containsKey(offer.at));
    }

    /** The one that asked does not want it any more. */
    public void forget(AttemptKey key, Life to) {
        List.copyOf(transfers).stream()
                .filter(one -> one.to == to && one.of.key.equals(key))
                .forEach(one -> {
                    transfers.remove(one);
                    one.from.thread("kv").after(way(), one.of::close);
                });
    }

    int held() {
        return offers.size() + transfers.size();
    }

    Timeline time() {
        return time;
    }
}
