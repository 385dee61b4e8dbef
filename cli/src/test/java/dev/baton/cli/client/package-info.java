@NullMarked
package dev.baton.cli.client;

import org.jspecify.annotations.NullMarked;
