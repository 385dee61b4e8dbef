/**
 * The OpenAI API: routes paths and methods, reads and checks requests, writes answers. Everything here runs on the
 * event loop or on the preparation pool and keeps nothing between requests.
 */
@NullMarked
package dev.baton.gateway.openai;

import org.jspecify.annotations.NullMarked;
