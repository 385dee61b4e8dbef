package dev.baton.transfer.session;

import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/**
 * TLS of KV sessions. Both sides show certificates, and the one that connects checks that the host it meant is among the
 * names of the other's.
 *
 * @param context asked for each session, so that renewed certificates count from the next one on
 */
public record SessionTls(Supplier<SSLContext> context) {
    SSLEngine accepting() {
        SSLEngine engine = context.get().createSSLEngine();
        engine.setUseClientMode(false);
        engine.setNeedClientAuth(true);
        return engine;
    }

    SSLEngine connecting(String host, int port) {
        SSLEngine engine = context.get().createSSLEngine(host, port);
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        engine.setSSLParameters(parameters);
        return engine;
    }
}
