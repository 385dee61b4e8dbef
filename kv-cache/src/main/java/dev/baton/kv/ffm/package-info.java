/** Libraries in C that ship beside the classes that call them. */
@NullMarked
package dev.baton.kv.ffm;

import org.jspecify.annotations.NullMarked;
