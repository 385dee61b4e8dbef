/**
 * Settings that more than one role reads, and those on which all must agree: immutable, checked when the application
 * starts, free of threads. Each record holds keys of one group under {@code baton}. Annotations check single values,
 * constructors check sizes and relations between values. An unknown key under {@code baton} fails the start. Connections
 * are Spring's own settings ({@code spring.kafka.*}, {@code spring.data.redis.*}, {@code spring.ssl.bundle.*}), so that
 * credentials and TLS are set as in any other Spring application.
 */
@NullMarked
package dev.baton.config;

import org.jspecify.annotations.NullMarked;
