/** TLS between the parts, free of the framework that reads the certificates. Safe from any thread. */
@NullMarked
package dev.baton.cluster.tls;

import org.jspecify.annotations.NullMarked;
