@NullMarked
package dev.baton.cli.operate;

import org.jspecify.annotations.NullMarked;
