/** Who is let in. */
@NullMarked
package dev.baton.control.admission;

import org.jspecify.annotations.NullMarked;
