/** JSON on its way out: one mapper for what is written whole, and parts for what is too long for that. */
@NullMarked
package dev.baton.gateway.json;

import org.jspecify.annotations.NullMarked;
