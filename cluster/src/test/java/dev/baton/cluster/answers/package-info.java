@NullMarked
package dev.baton.cluster.answers;

import org.jspecify.annotations.NullMarked;
