@NullMarked
package dev.baton.gateway.ledger;

import org.jspecify.annotations.NullMarked;
