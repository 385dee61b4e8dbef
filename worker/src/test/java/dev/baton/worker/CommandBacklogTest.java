package dev.baton.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.engine.Engine;
import dev.baton.engine.EngineCapabilities;
import dev.baton.engine.EngineCommand;
import dev.baton.engine.EngineLoad;
import dev.baton.protocol.AttemptKey;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CommandBacklogTest {
    private final FullEngine engine = new FullEngine();
    private final CommandBacklog commands = new CommandBacklog(engine);

    @Test
    void aCommandGoesStraightToAnEngineThatHasRoom() {
        engine.full = false;
        commands.submit(release(1));
        assertThat(engine.taken).containsExactly(release(1));
    }

    @Test
    void whatAFullEngineDoesNotTakeWaitsAndKeepsItsOrder() {
        List<EngineCommand> all =
                IntStream.range(0, 500).mapToObj(CommandBacklogTest::release).toList();
        all.forEach(commands::submit);
        await().until(() -> engine.refused.get() > 0);
        assertThat(engine.taken).as("fault not applied").isEmpty();
        engine.full = false;
        await().until(() -> engine.taken.size() == all.size());
        assertThat(engine.taken).isEqualTo(all);
    }

    @Test
    void nothingOvertakesWhatWaits() {
        commands.submit(release(1));
        engine.full = false;
        commands.submit(release(2));
        await().until(() -> engine.taken.size() == 2);
        assertThat(engine.taken).containsExactly(release(1), release(2));
    }

    @Test
    void anEngineThatNeverTakesAnythingIsGivenUpAtTheEnd() {
        commands.submit(release(1));
        commands.close();
        int asked = engine.refused.get();
        await().during(Duration.ofMillis(50)).until(() -> engine.refused.get() <= asked + 1);
    }

    private static EngineCommand release(int number) {
        return new EngineCommand.Release(new AttemptKey("r" + number, 1, number));
    }

    /** Takes nothing until a test makes room. */
    private static final class FullEngine implements Engine {
        final List<EngineCommand> taken = new CopyOnWriteArrayList<>();
        final AtomicInteger refused = new AtomicInteger();
        volatile boolean full = true;

        @Override
        public boolean submit(EngineCommand command) {
            if (full) {
                refused.incrementAndGet();
                return false;
            }
            return taken.add(command);
        }

        @Override
        public EngineCapabilities capabilities() {
            throw new UnsupportedOperationException();
        }

        @Override
        public EngineLoad load() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void checkIntegrity(Duration limit) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {
            full = true;
        }
    }
}
