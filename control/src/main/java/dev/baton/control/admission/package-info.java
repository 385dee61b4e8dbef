/** Whether a request is taken in at all: pure, asked by the gateway before anything is written. */
@NullMarked
package dev.baton.control.admission;

import org.jspecify.annotations.NullMarked;
