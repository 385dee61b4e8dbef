/**
 * Answers that outlive their client's connection and their gateway. Of each, the request and what was accepted of it lie in
 * Redis; the gateway that owns it runs it, others follow it there, and one of them takes it over when the owner's lease ends.
 * Clients read its log from the start, so that what they get depends on nothing else. {@code ResumableAnswers} has one thread
 * of its own for writing, leases and following; logs are fed by the dispatcher's loops.
 */
@NullMarked
package dev.baton.gateway.resume;

import org.jspecify.annotations.NullMarked;
