/**
 * The OpenAI surface: requests read and checked, answers shaped, paths and methods routed. Everything here runs on the
 * event loop or on the preparation pool and keeps nothing between requests.
 */
@NullMarked
package dev.baton.gateway.openai;

import org.jspecify.annotations.NullMarked;
