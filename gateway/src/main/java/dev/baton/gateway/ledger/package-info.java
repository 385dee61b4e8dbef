/** What each tenant, key and model used at this gateway, on its way to the ledger of all. */
@NullMarked
package dev.baton.gateway.ledger;

import org.jspecify.annotations.NullMarked;
