@NullMarked
package dev.baton.cli.doctor;

import org.jspecify.annotations.NullMarked;
