/** This machine and this checkout: what can be read about them, and the error that tells a user what to do. */
@NullMarked
package dev.baton.cli.host;

import org.jspecify.annotations.NullMarked;
