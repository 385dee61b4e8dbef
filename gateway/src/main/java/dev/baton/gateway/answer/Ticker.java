package dev.baton.gateway.answer;

import dev.baton.gateway.sse.EventStream;
import java.util.concurrent.TimeUnit;
import reactor.core.Disposable;
import reactor.core.Disposables;

/** Calls a stream's {@code tick} twice per keep-alive interval until it is stopped, so that no gap is longer than the interval. */
final class Ticker {
    private final CompletionRunner.KeepAlive settings;
    private final Runnable closeConnection;
    private final Disposable.Swap task = Disposables.swap();

    Ticker(CompletionRunner.KeepAlive settings, Runnable closeConnection) {
        this.settings = settings;
        this.closeConnection = closeConnection;
    }

    void ticks(EventStream events) {
        long period = Math.max(1, settings.interval().toMillis() / 2);
        long limit = Math.max(1, settings.stallLimit().toMillis() / period);
        task.update(settings.scheduler()
                .schedulePeriodically(
                        () -> {
                            if (events.tick() >= limit) {
                                stop();
                                closeConnection.run();
                            }
                        },
                        period,
                        period,
                        TimeUnit.MILLISECONDS));
    }

    void stop() {
        task.dispose();
    }
}
