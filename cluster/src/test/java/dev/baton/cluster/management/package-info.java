@NullMarked
package dev.baton.cluster.management;

import org.jspecify.annotations.NullMarked;
