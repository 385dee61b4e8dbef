/** Whether a request is let in, decided before anything is written, and how many are under way. No clock. */
@NullMarked
package dev.baton.control.admission;

import org.jspecify.annotations.NullMarked;
