package dev.baton.config.logs;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationEnvironmentPreparedEvent;
import org.springframework.boot.context.logging.LoggingApplicationListener;
import org.springframework.context.ApplicationListener;
import org.springframework.core.Ordered;

/** Puts a {@link BoundedLog} before whatever Spring's settings make of the log: the console, and a file where one is set. */
public final class BoundedLogs implements ApplicationListener<ApplicationEnvironmentPreparedEvent>, Ordered {
    private static final int LINES = 8_192;

    /** Lines of this process that were dropped since nobody took its output. Any thread. */
    public static long dropped() {
        return BoundedLog.dropped();
    }

    /** When Spring has set the log up. */
    @Override
    public int getOrder() {
        return LoggingApplicationListener.DEFAULT_ORDER + 1;
    }

    @Override
    public void onApplicationEvent(ApplicationEnvironmentPreparedEvent event) {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext logs) {
            bound(logs.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME));
        }
    }

    private static void bound(Logger root) {
        List<Appender<ILoggingEvent>> appenders = new ArrayList<>();
        root.iteratorForAppenders().forEachRemaining(appenders::add);
        for (Appender<ILoggingEvent> appender : appenders) {
            if (!(appender instanceof BoundedLog)) {
                BoundedLog bounded = new BoundedLog(root.getLoggerContext(), appender, LINES);
                bounded.start();
                root.addAppender(bounded);
                root.detachAppender(appender);
            }
        }
    }
}
