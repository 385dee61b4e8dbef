/** What can be read off the machine that this runs on. */
@NullMarked
package dev.baton.cli.host;

import org.jspecify.annotations.NullMarked;
