/** The decode role: claims handoffs of its lane, fetches their KV, batches continuously and streams tokens. */
@NullMarked
package dev.baton.decode;

import org.jspecify.annotations.NullMarked;
