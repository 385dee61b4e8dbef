package dev.baton.gateway.resume;

import dev.baton.cluster.answers.Append;

/**
 * What is on its way to the store for one answer; one at a time.
 *
 * @param anew the store has lost the answer: this is all of its log
 */
record Write(Append append, boolean anew) {
    int end() {
        return Math.toIntExact(append.at()) + append.bytes().length;
    }
}
