package dev.baton.explorer;

import dev.baton.control.GenerationRequest;
import dev.baton.control.TokenIds;
import dev.baton.gateway.dispatch.Choices;
import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.dispatch.Rejection;
import dev.baton.gateway.dispatch.VirtualGateway;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Stopping;
import dev.baton.protocol.v1.TokenLogprob;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What one client asks for, what it has got, and whether that may be. It checks each token as it comes. */
final class Ask {
    private static final int MOST_ATTEMPTS = 30;
    private static final Duration STORED_WITHIN = Duration.ofMillis(100);

    final String id;
    final boolean resumable;
    private final Choices.Choice choice;
    private final Cluster cluster;
    private final Faults faults;
    private final int[] prompt;
    private final int maxTokens;
    private final Duration deadlineIn;
    private final List<Integer> tokens = new ArrayList<>();
    private final long askedAt;
    private long state = 17;
    private long lastToken;
    private int stored;
    private int runs;
    private @Nullable Run owner;
    private boolean over;
    private boolean left;
    private String outcome = "";

    Ask(
            String id,
            Cluster cluster,
            Faults faults,
            int[] prompt,
            int maxTokens,
            Duration deadlineIn,
            boolean resumable,
            Choices.Choice choice) {
        this.choice = choice;
        this.id = id;
        this.cluster = cluster;
        this.faults = faults;
        this.prompt = prompt;
        this.maxTokens = maxTokens;
        this.deadlineIn = deadlineIn;
        this.resumable = resumable;
        this.askedAt = cluster.time.now();
        this.lastToken = askedAt;
        for (int token : prompt) {
            state = Oracle.after(state, token);
        }
    }

    boolean over() {
        return over;
    }

    String outcome() {
        return outcome;
    }

    int length() {
        return tokens.size();
    }

    /** When it got something last. */
    long lastToken() {
        return lastToken;
    }

    @Nullable
    VirtualGateway at() {
        return owner == null ? null : owner.gateway;
    }

    void begin(VirtualGateway gateway) {
        Run run = new Run(gateway, 0);
        owner = run;
        gateway.life()
                .thread("http")
                .execute(() -> run.hold(gateway.dispatcher().prepare(request(gateway), choice, run)));
    }

    /** The same for all choices of a request. */
    private String tenant() {
        return "tenant-" + Math.floorMod(id.replaceAll("/.*", "").hashCode(), 3);
    }

    private GenerationRequest request(VirtualGateway gateway) {
        return new GenerationRequest(
                id,
                tenant(),
                "model",
                prompt,
                Sampling.getDefaultInstance(),
                Stopping.newBuilder().setMaxTokens(maxTokens).build(),
                0,
                gateway.life().clock().instant().plus(deadlineIn),
                RequestTags.getDefaultInstance(),
                null);
    }

    /** Another gateway goes on, from what was stored. */
    void takenOver(VirtualGateway by) {
        if (over || !resumable) {
            return;
        }
        int known = stored;
        if (known > 0 && (known >= maxTokens || Oracle.stops(tokens.get(known - 1)))) {
            ends("stored whole");
            return;
        }
        Run run = new Run(by, known);
        Run before = owner;
        owner = run;
        cluster.notes.add("%s is taken over by %s at token %d", id, by.life().name(), known);
        int[] accepted =
                tokens.subList(0, known).stream().mapToInt(token -> token).toArray();
        by.life()
                .thread("http")
                .execute(() -> by.dispatcher()
                        .resume(request(by), TokenIds.of(accepted), run)
                        .whenComplete((handle, failure) -> {
                            if (failure != null) {
                                run.quiet = true;
                                faults.later(Duration.ofMillis(300), () -> takenOverAgain(by));
                            } else {
                                by.life().thread("http").execute(() -> run.hold(handle));
                            }
                        }));
        if (before != null) {
            before.gateway.life().thread("renew").later(Duration.ofMillis(500), before::handedOver);
        }
    }

    private void takenOverAgain(VirtualGateway by) {
        if (!by.life().ended()) {
            takenOver(by);
        }
    }

    void leaves() {
        Run run = owner;
        if (run != null && !over) {
            left = true;
            cluster.notes.add("%s leaves", id);
            run.gateway.life().thread("http").execute(run::cancel);
            ends("left");
        }
    }

    /** Its gateway is gone, and it with it. */
    void lost() {
        if (!over) {
            ends("its gateway died");
        }
    }

    private void ends(String how) {
        over = true;
        outcome = how;
        cluster.notes.add("%s ends with %d tokens: %s", id, tokens.size(), how);
    }

    private boolean possible(int token) {
        if (cluster.exact) {
            return Oracle.next(state, 0) == token;
        }
        for (int salt = 1; salt < 1 + MOST_ATTEMPTS * 8; salt++) {
            if (Oracle.next(state, salt) == token) {
                return true;
            }
        }
        return false;
    }

    /** One gateway's work at it. */
    private final class Run implements Dispatcher.TokenSink {
        private final VirtualGateway gateway;
        private final int number = ++runs;
        private int next;
        private boolean quiet;
        private boolean told;
        private long endedAt = Long.MAX_VALUE;
        private Dispatcher.@Nullable RequestHandle handle;

        private Run(VirtualGateway gateway, int next) {
            this.gateway = gateway;
            this.next = next;
        }

        private void hold(Dispatcher.RequestHandle given) {
            handle = given;
            if (over) {
                return; // it left before
            }
            given.start();
        }

        private void cancel() {
            endedAt = cluster.time.now();
            if (handle != null) {
                handle.cancel();
            }
        }

        private void handedOver() {
            endedAt = cluster.time.now();
            if (handle != null) {
                handle.handedOver();
            }
        }

        private void wrong(String what) {
            cluster.notes.wrong(id + " at " + gateway.life().name() + ": " + what);
        }

        @Override
        public void token(int index, int token, @Nullable TokenLogprob logprob) {
            if (told) {
                wrong("token " + index + " after its end");
            } else if (index != next) {
                wrong("token " + index + ", " + next + " is the next");
            } else if (cluster.time.now() - endedAt > 50_000_000L) {
                wrong("token " + index + " long after it left");
            } else if (index < tokens.size()) {
                if (!tokens.get(index).equals(token)) {
                    wrong("token " + index + " is " + token + " and was " + tokens.get(index));
                }
            } else if (index > tokens.size()) {
                wrong("tokens are lost: " + index + " after " + tokens.size());
            } else if (!possible(token)) {
                wrong("token " + index + " does not follow from those before it");
            } else {
                tokens.add(token);
                state = Oracle.after(state, token);
                lastToken = cluster.time.now();
                store();
            }
            next = index + 1;
        }

        private void store() {
            int size = tokens.size();
            if (!resumable || this != owner) {
                return;
            }
            if (cluster.exact) {
                gateway.life().thread("store").later(STORED_WITHIN, () -> stored = Math.max(stored, size));
            } else {
                stored = size;
            }
        }

        private boolean last(String how) {
            if (told) {
                wrong("a second end, " + how);
            }
            told = true;
            return this == owner && !over;
        }

        @Override
        public void finished(Finish.Reason reason) {
            if (last("finished " + reason)) {
                boolean stop = !tokens.isEmpty() && Oracle.stops(tokens.getLast());
                if (reason == Finish.Reason.STOP ? !stop : tokens.size() != maxTokens) {
                    wrong("ends for " + reason + " with " + tokens.size() + " of " + maxTokens + " tokens");
                }
                ends("finished " + reason);
            }
        }

        @Override
        public void failed(Failure failure) {
            boolean mine = last("failed " + failure.getCode());
            if (quiet || !mine) {
                return;
            }
            String how = failure.getCode() + ": " + failure.getMessage();
            if (!faults.excuse(Ask.this, failure)) {
                wrong("fails: " + how);
            }
            ends("failed " + how);
        }

        @Override
        public void rejected(Rejection rejection) {
            if (last("rejected " + rejection.reason())) {
                if (!faults.excuses(rejection, number)) {
                    wrong("is rejected: " + rejection.reason() + " " + rejection.message());
                }
                ends("rejected " + rejection.reason());
            }
        }
    }

    long askedAt() {
        return askedAt;
    }

    boolean late(long now) {
        return now - askedAt >= deadlineIn.toNanos();
    }

    boolean hasLeft() {
        return left;
    }
}
