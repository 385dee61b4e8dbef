/** What an operator asks of a running stack, through its management ports. */
@NullMarked
package dev.baton.cli.operate;

import org.jspecify.annotations.NullMarked;
