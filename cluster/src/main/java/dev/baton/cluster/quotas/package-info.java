/**
 * Quotas that all gateways share: kept in Redis, and by each gateway for itself while Redis is away. Per tenant the keys
 * {@code <cluster>:quota:{<tenant>}[:<key>]:…} with {@code taken}, what the last minute took; {@code running}, leases of the
 * requests under way; {@code reserved}, what each of them was charged with.
 */
@NullMarked
package dev.baton.cluster.quotas;

import org.jspecify.annotations.NullMarked;
