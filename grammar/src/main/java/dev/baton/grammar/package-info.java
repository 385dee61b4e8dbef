/**
 * What the text of an answer may be, token by token. A {@link dev.baton.grammar.Grammar} is made once from a {@link
 * dev.baton.protocol.v1.Structure} (a JSON schema, a regular expression, literal text, and sequences, choices and
 * repetitions of these), and is compiled against a {@link dev.baton.grammar.Vocabulary} into a {@link
 * dev.baton.grammar.TokenGrammar}, whose states say which tokens may come next.
 *
 * <p>A grammar is a set of rules over bytes that may call each other: each rule is a deterministic automaton, and a state
 * is the set of stacks in which the bytes so far can have left them. All input is foreign: nodes, states and work of a
 * compilation are bounded, and what is not supported is refused by its name.
 */
@NullMarked
package dev.baton.grammar;

import org.jspecify.annotations.NullMarked;
