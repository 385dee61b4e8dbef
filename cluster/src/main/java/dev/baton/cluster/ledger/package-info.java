/**
 * What was used, by day, tenant, key and model: a hash {@code <cluster>:ledger:<day>} with an entry for each life of a gateway
 * and each account. A gateway writes its own sums of the day, never what was added, so that writing twice changes nothing.
 */
@NullMarked
package dev.baton.cluster.ledger;

import org.jspecify.annotations.NullMarked;
