/** What a cache of KV finds, by a published trace of conversations. */
@NullMarked
package dev.baton.bench.cache;

import org.jspecify.annotations.NullMarked;
