/**
 * Registered memory: the KV pool of a worker as a file that its peers on the host can map. The owner creates, maps and
 * deletes the file; peers map it read-only. The file never shrinks while it exists, so a mapping stays valid when its
 * owner dies. Creation and closing happen on the worker's start and stop threads; the mapped bytes may be read by any
 * thread and are written by the owner's engine thread and its transfer sessions.
 */
@NullMarked
package dev.baton.transfer.pool;

import org.jspecify.annotations.NullMarked;
