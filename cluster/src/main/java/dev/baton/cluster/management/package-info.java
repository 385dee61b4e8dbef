/** The guard of a role's management port: operators and their keys, errors, and the record of what they change. */
@NullMarked
package dev.baton.cluster.management;

import org.jspecify.annotations.NullMarked;
