/**
 * Models by name: what a hub lists is fetched once into the cache that other tools share, checked, and served from there.
 * Everything a hub says is foreign input.
 */
@NullMarked
package dev.baton.cli.hub;

import org.jspecify.annotations.NullMarked;
