/** What the edge measures and logs: metrics by request and one line per request. Never prompt text, never credentials. */
@NullMarked
package dev.baton.gateway.observe;

import org.jspecify.annotations.NullMarked;
