/** The gateway as a program: settings, wiring, start and end. Nothing here is on the path of a request. */
@NullMarked
package dev.baton.gateway;

import org.jspecify.annotations.NullMarked;
