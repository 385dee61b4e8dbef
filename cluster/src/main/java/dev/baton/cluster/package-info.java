/** Makes the parts of its sub-packages available to an application: it adds settings, nothing else. */
@NullMarked
package dev.baton.cluster;

import org.jspecify.annotations.NullMarked;
