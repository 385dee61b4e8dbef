/**
 * Registered memory: the KV pool of a worker as a file that its peers on the host can map. It outlives its owner, and says
 * itself what is in it: a header, a table of blocks, the KV bytes. The owner creates, maps and deletes the file; its next
 * life takes it over; peers map it read-only, with or without the owner's knowledge. The file never shrinks while it exists,
 * so a mapping stays valid when its owner dies. Creation and closing happen on the worker's start and stop threads; the KV
 * bytes may be read by any thread and are written by the owner's engine thread and its transfer sessions; the table is
 * written by the engine's thread alone.
 */
@NullMarked
package dev.baton.transfer.pool;

import org.jspecify.annotations.NullMarked;
