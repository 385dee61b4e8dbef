/** Quotas at the edge: whose limits hold for a request, and how its answer tells of them. */
@NullMarked
package dev.baton.gateway.quota;

import org.jspecify.annotations.NullMarked;
