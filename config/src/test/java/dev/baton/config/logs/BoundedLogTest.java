package dev.baton.config.logs;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.AppenderBase;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

@Timeout(60)
class BoundedLogTest {
    private static final int LINES = 400;

    private final LoggerContext context = new LoggerContext();
    private final Logger logger = context.getLogger("test");
    private final Stalled output = new Stalled();

    /** An output that takes nothing until it is let go, as a pipe that nobody reads. */
    private static final class Stalled extends AppenderBase<ILoggingEvent> {
        private final CountDownLatch released = new CountDownLatch(1);
        private final List<ILoggingEvent> written = new CopyOnWriteArrayList<>();

        @Override
        protected void append(ILoggingEvent event) {
            try {
                released.await();
                if (event.getMessage().equals("breaks")) {
                    throw new StackOverflowError("of an encoder");
                }
                written.add(event);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private BoundedLog bounded() {
        context.setMDCAdapter(new LogbackMDCAdapter());
        output.setContext(context);
        output.setName("CONSOLE");
        output.start();
        BoundedLog log = new BoundedLog(context, output, LINES);
        log.start();
        logger.setLevel(Level.INFO);
        logger.addAppender(log);
        return log;
    }

    @AfterEach
    void end() {
        output.released.countDown();
        context.stop();
    }

    @Test
    void nobodyWaitsForAnOutputThatStallsAndWarningsAreKeptTheLongest() throws Exception {
        bounded();
        long before = BoundedLog.dropped();
        int each = 2 * LINES;
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<?>> all = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                all.add(threads.submit(() -> {
                    for (int i = 0; i < each; i++) {
                        logger.info("line {}", i);
                    }
                }));
            }
            for (Future<?> one : all) {
                one.get(30, TimeUnit.SECONDS); // Each is done though nothing was written.
            }
        }
        assertThat(output.written).as("fault not applied").isEmpty();
        for (int i = 0; i < 10; i++) {
            logger.warn("warning {}", i);
        }
        long dropped = BoundedLog.dropped() - before;
        assertThat(dropped).as("of %d lines", 4 * each).isBetween(4L * each - LINES, 4L * each - LINES / 2);

        output.released.countDown();
        context.stop();
        assertThat(output.written.stream().filter(event -> event.getMessage().startsWith("warning")))
                .hasSize(10);
        assertThat(output.written.stream()
                        .filter(event -> event.getLevel() == Level.WARN)
                        .map(ILoggingEvent::getFormattedMessage))
                .anyMatch(line -> line.startsWith(dropped + " log lines were dropped"));
        assertThat(output.written.stream().filter(event -> event.getLevel() == Level.INFO))
                .as("what was not dropped is written")
                .hasSize((int) (4L * each - dropped));
    }

    @Test
    void anEndDoesNotWaitForAnOutputThatStalls() {
        BoundedLog log = bounded();
        logger.info("never written");
        log.stop();
        assertThat(log.isStarted()).isFalse();
        assertThat(output.written).isEmpty();
    }

    @Test
    void aLineThatBreaksItsEncoderDoesNotEndTheLog() {
        bounded();
        output.released.countDown();
        logger.info("breaks");
        logger.info("after it");
        context.stop();
        assertThat(output.written.stream().map(ILoggingEvent::getMessage)).containsExactly("after it");
    }

    @Test
    void everyApplicationLogsThroughIt() {
        try (ConfigurableApplicationContext ignored = new SpringApplicationBuilder(Object.class)
                .web(WebApplicationType.NONE)
                .run()) {
            Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
            List<Appender<ILoggingEvent>> appenders = new ArrayList<>();
            root.iteratorForAppenders().forEachRemaining(appenders::add);
            assertThat(appenders).isNotEmpty().allMatch(BoundedLog.class::isInstance);
        }
    }
}
