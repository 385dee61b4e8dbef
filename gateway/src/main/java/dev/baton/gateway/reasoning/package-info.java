/**
 * What models think before they answer: where it stands in their text, what that means for guaranteed structure, and how it is
 * told from the answer as tokens come.
 */
@NullMarked
package dev.baton.gateway.reasoning;

import org.jspecify.annotations.NullMarked;
