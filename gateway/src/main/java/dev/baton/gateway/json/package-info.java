/** JSON that is written whole: one mapper for answers and errors. */
@NullMarked
package dev.baton.gateway.json;

import org.jspecify.annotations.NullMarked;
