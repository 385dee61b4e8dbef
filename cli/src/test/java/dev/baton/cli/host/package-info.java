@NullMarked
package dev.baton.cli.host;

import org.jspecify.annotations.NullMarked;
