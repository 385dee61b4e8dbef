package dev.baton.cluster.management;

import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.actuate.audit.AuditEvent;
import org.springframework.boot.actuate.audit.listener.AuditApplicationEvent;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.ReactiveSecurityContextHolder;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Tells who changed what through a management port, or tried to without the role: an audit event and a log line each. */
final class ChangeAudit {
    /** Type of the event of a change that an endpoint was asked for, done or not: see its status. */
    static final String CHANGE = "MANAGEMENT_CHANGE";
    /** Type of the event of a change that was refused, since the operator has not the role. */
    static final String REFUSED = "MANAGEMENT_REFUSED";

    private static final Logger LOG = LoggerFactory.getLogger("dev.baton.audit");
    private static final String NOBODY = "anonymous";

    private final ApplicationEventPublisher events;

    ChangeAudit(ApplicationEventPublisher events) {
        this.events = events;
    }

    /** {@code answer}, with a record at its end when the request changes something. */
    Mono<Void> recorded(ServerWebExchange exchange, Mono<Void> answer) {
        HttpMethod method = exchange.getRequest().getMethod();
        if (method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD) || method.equals(HttpMethod.OPTIONS)) {
            return answer;
        }
        return operator()
                .flatMap(operator -> answer.doOnSuccess(done -> record(
                                CHANGE,
                                operator,
                                exchange,
                                exchange.getResponse().getStatusCode()))
                        .doOnError(failure -> record(CHANGE, operator, exchange, Problems.statusOf(failure)))
                        .doOnCancel(() -> record(CHANGE, operator, exchange, null)));
    }

    Mono<Void> refused(ServerWebExchange exchange) {
        return operator()
                .doOnNext(operator -> record(REFUSED, operator, exchange, HttpStatus.FORBIDDEN))
                .then();
    }

    private static Mono<String> operator() {
        return ReactiveSecurityContextHolder.getContext()
                .mapNotNull(SecurityContext::getAuthentication)
                .map(Authentication::getName)
                .defaultIfEmpty(NOBODY);
    }

    private void record(String type, String operator, ServerWebExchange exchange, @Nullable HttpStatusCode status) {
        Map<String, @Nullable Object> data = new LinkedHashMap<>();
        data.put("method", exchange.getRequest().getMethod().name());
        data.put("path", exchange.getRequest().getPath().value());
        data.put("status", status == null ? 0 : status.value());
        InetSocketAddress from = exchange.getRequest().getRemoteAddress();
        data.put("from", from == null ? "" : from.getAddress().getHostAddress());
        events.publishEvent(new AuditApplicationEvent(new AuditEvent(operator, type, data)));
        LOG.atInfo()
                .addKeyValue("operator", operator)
                .addKeyValue("method", data.get("method"))
                .addKeyValue("path", data.get("path"))
                .addKeyValue("status", data.get("status"))
                .addKeyValue("from", data.get("from"))
                .log(type.equals(CHANGE) ? "a change was asked for" : "a change was refused");
    }
}
