/** What this machine has and lacks. */
@NullMarked
package dev.baton.cli.doctor;

import org.jspecify.annotations.NullMarked;
