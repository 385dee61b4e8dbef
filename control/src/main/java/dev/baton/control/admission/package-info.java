/** Whether a request is let in: asked by the gateway before anything is written. Pure; the caller locks. */
@NullMarked
package dev.baton.control.admission;

import org.jspecify.annotations.NullMarked;
