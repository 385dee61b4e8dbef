package dev.baton.cluster.management;

import dev.baton.cluster.management.OperatorKeys.Operator;
import dev.baton.cluster.management.OperatorKeys.Role;
import java.util.List;
import java.util.function.Predicate;
import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.ReactiveAuthenticationManager;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.config.web.server.SecurityWebFiltersOrder;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.security.web.server.ServerAuthenticationEntryPoint;
import org.springframework.security.web.server.WebFilterChainProxy;
import org.springframework.security.web.server.authentication.AuthenticationWebFilter;
import org.springframework.security.web.server.authentication.ServerAuthenticationEntryPointFailureHandler;
import org.springframework.security.web.server.context.NoOpServerSecurityContextRepository;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * Guards a management port, whatever answers behind it. Health is open; {@code GET} and {@code HEAD} need the role read
 * or operate, all else needs operate. Requests to other ports of the process pass untouched.
 */
final class ManagementGuard implements WebFilter, Ordered {
    private static final String BEARER = "Bearer ";

    private final Predicate<ServerWebExchange> management;
    private final WebFilterChainProxy security;
    private final ChangeAudit audit;

    /**
     * @param management whether a request came to the management port
     * @param health path of the health endpoint, with its groups below it
     * @param secured false lets everybody in; errors and the record of changes stay
     */
    ManagementGuard(
            Predicate<ServerWebExchange> management,
            String health,
            OperatorKeys keys,
            boolean secured,
            ChangeAudit audit) {
        this.management = management;
        this.audit = audit;
        this.security = new WebFilterChainProxy(secured ? List.of(chain(keys, health)) : List.of());
    }

    private SecurityWebFilterChain chain(OperatorKeys keys, String health) {
        ServerAuthenticationEntryPoint unknown = (exchange, failure) -> Problems.unauthorized(
                exchange,
                keys.isEmpty()
                        ? "No operator has a key: name a key file in baton.management.keys, or, on loopback, set"
                                + " baton.management.secured=false."
                        : "Send an operator's key as Authorization: Bearer KEY.");
        AuthenticationWebFilter authentication =
                new AuthenticationWebFilter((ReactiveAuthenticationManager) asked -> authenticate(keys, asked));
        authentication.setServerAuthenticationConverter(ManagementGuard::presented);
        authentication.setSecurityContextRepository(NoOpServerSecurityContextRepository.getInstance());
        authentication.setAuthenticationFailureHandler(new ServerAuthenticationEntryPointFailureHandler(unknown));
        return ServerHttpSecurity.http()
                .csrf(ServerHttpSecurity.CsrfSpec::disable)
                .requestCache(ServerHttpSecurity.RequestCacheSpec::disable)
                .logout(ServerHttpSecurity.LogoutSpec::disable)
                .securityContextRepository(NoOpServerSecurityContextRepository.getInstance())
                .addFilterAt(authentication, SecurityWebFiltersOrder.AUTHENTICATION)
                .exceptionHandling(spec -> spec.authenticationEntryPoint(unknown)
                        .accessDeniedHandler(
                                (exchange, denied) -> audit.refused(exchange).then(Problems.forbidden(exchange))))
                .authorizeExchange(rules -> rules.pathMatchers(HttpMethod.GET, health, health + "/**")
                        .permitAll()
                        .pathMatchers(HttpMethod.GET)
                        .hasAnyRole(Role.READ.name(), Role.OPERATE.name())
                        .pathMatchers(HttpMethod.HEAD)
                        .hasAnyRole(Role.READ.name(), Role.OPERATE.name())
                        .anyExchange()
                        .hasRole(Role.OPERATE.name()))
                .build();
    }

    private static Mono<Authentication> presented(ServerWebExchange exchange) {
        String header = exchange.getRequest().getHeaders().getFirst(HttpHeaders.AUTHORIZATION);
        return header == null || !header.regionMatches(true, 0, BEARER, 0, BEARER.length())
                ? Mono.empty()
                : Mono.just(UsernamePasswordAuthenticationToken.unauthenticated(
                        "", header.substring(BEARER.length()).strip()));
    }

    private static Mono<Authentication> authenticate(OperatorKeys keys, Authentication asked) {
        return keys.operator(String.valueOf(asked.getCredentials()))
                .map(ManagementGuard::known)
                .map(Mono::just)
                .orElseGet(() -> Mono.error(new BadCredentialsException("nobody's key")));
    }

    private static Authentication known(Operator operator) {
        return UsernamePasswordAuthenticationToken.authenticated(
                operator.name(),
                null,
                AuthorityUtils.createAuthorityList("ROLE_" + operator.role().name()));
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        if (!management.test(exchange)) {
            return chain.filter(exchange);
        }
        return security.filter(exchange, inner -> audit.recorded(inner, chain.filter(inner)))
                .onErrorResume(failure -> Problems.of(exchange, failure));
    }

    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE + 100;
    }
}
