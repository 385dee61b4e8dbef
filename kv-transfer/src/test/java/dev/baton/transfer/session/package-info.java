@NullMarked
package dev.baton.transfer.session;

import org.jspecify.annotations.NullMarked;
