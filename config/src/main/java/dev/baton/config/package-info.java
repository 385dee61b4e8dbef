/**
 * Settings that all roles must agree on: immutable, checked when the application starts, free of threads. Each record
 * is one group under {@code baton}; an unknown key under {@code baton}, in a group or beside them, fails the start.
 * Connections are Spring's own settings ({@code spring.kafka.*}, {@code spring.data.redis.*}, {@code spring.ssl.bundle.*}),
 * so that credentials and TLS are set as in any other Spring application.
 */
@NullMarked
package dev.baton.config;

import org.jspecify.annotations.NullMarked;
