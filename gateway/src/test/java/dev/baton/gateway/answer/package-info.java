@NullMarked
package dev.baton.gateway.answer;

import org.jspecify.annotations.NullMarked;
