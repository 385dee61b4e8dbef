/**
 * Measures transfers between two processes against memcpy in the same run. Main classes; nothing else uses them.
 */
@NullMarked
package dev.baton.bench.transfer;

import org.jspecify.annotations.NullMarked;
