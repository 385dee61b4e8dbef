/** What a tenant or a key may take of the cluster: limits, what is taken of them, and a gateway's share while Redis is away. No clock. */
@NullMarked
package dev.baton.control.quota;

import org.jspecify.annotations.NullMarked;
