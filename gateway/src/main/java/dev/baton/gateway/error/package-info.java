/** Errors as OpenAI clients expect them: a status, a code and a body, made in one place for every path under /v1. */
@NullMarked
package dev.baton.gateway.error;

import org.jspecify.annotations.NullMarked;
