/**
 * The promises, proven on the real processes: {@link dev.baton.e2e.RunningBaton} owns them, one set for
 * all classes of a {@link dev.baton.e2e.Setup}, and {@link dev.baton.e2e.BatonExtension} starts and ends it; {@link
 * dev.baton.e2e.UpProcess} is the command itself. Tests talk to the gateway as clients do and to workers through their
 * management ports.
 */
@NullMarked
package dev.baton.e2e;

import org.jspecify.annotations.NullMarked;
