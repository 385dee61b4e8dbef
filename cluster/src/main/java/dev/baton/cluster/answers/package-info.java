/**
 * Answers that outlive their gateway, in Redis: the request, the log of what was accepted, who owns it and until when. Time is
 * Redis' own. Any thread.
 */
@NullMarked
package dev.baton.cluster.answers;

import org.jspecify.annotations.NullMarked;
