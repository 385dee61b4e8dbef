/**
 * Response bodies that are made as the socket takes them: what waits for a slow reader waits in its shortest form.
 */
@NullMarked
package dev.baton.gateway.body;

import org.jspecify.annotations.NullMarked;
