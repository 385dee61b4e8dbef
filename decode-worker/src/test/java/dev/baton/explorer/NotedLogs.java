package dev.baton.explorer;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxy;
import ch.qos.logback.core.AppenderBase;
import org.slf4j.LoggerFactory;

/** What the explored parts log: an error is wrong, the rest is a note where somebody reads it. */
final class NotedLogs extends AppenderBase<ILoggingEvent> implements AutoCloseable {
    private final Logger logger;
    private final Notes notes;

    NotedLogs(Notes notes) {
        this.notes = notes;
        LoggerContext logs = (LoggerContext) LoggerFactory.getILoggerFactory();
        this.logger = logs.getLogger("dev.baton");
        setContext(logs);
        start();
        logger.setAdditive(false);
        logger.setLevel(notes.kept() ? Level.INFO : Level.ERROR);
        logger.addAppender(this);
    }

    @Override
    protected void append(ILoggingEvent line) {
        if (line.getLevel().isGreaterOrEqual(Level.ERROR)) {
            notes.wrong(
                    "an error is logged: " + line.getFormattedMessage(),
                    line.getThrowableProxy() instanceof ThrowableProxy proxy ? proxy.getThrowable() : null);
        } else {
            notes.add("%s", line.getFormattedMessage());
        }
    }

    @Override
    public void close() {
        logger.detachAppender(this);
        logger.setAdditive(true);
        logger.setLevel(null);
        stop();
    }
}
