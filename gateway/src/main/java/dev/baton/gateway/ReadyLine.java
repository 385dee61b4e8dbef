package dev.baton.gateway;

import dev.baton.gateway.answer.ServedModel;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.core.env.Environment;

/** Logs the address to call when the gateway has started. */
final class ReadyLine implements ApplicationListener<ApplicationReadyEvent> {
    private static final Logger LOG = LoggerFactory.getLogger(GatewayApplication.class);

    private final ServedModel model;

    ReadyLine(ServedModel model) {
        this.model = model;
    }

    @Override
    public void onApplicationEvent(ApplicationReadyEvent event) {
        Environment environment = event.getApplicationContext().getEnvironment();
        String seconds = String.format(
                Locale.ROOT,
                "%.1f",
                event.getTimeTaken() == null ? 0 : event.getTimeTaken().toMillis() / 1e3);
        LOG.info(
                "Serving {} at http://{}:{}/v1 (started in {} s)",
                model.name(),
                environment.getProperty("server.address", "0.0.0.0"),
                environment.getProperty("local.server.port", "?"),
                seconds);
    }
}
