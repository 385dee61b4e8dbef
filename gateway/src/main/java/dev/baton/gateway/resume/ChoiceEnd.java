package dev.baton.gateway.resume;

import dev.baton.gateway.dispatch.Rejection;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;

/** How a choice ended. */
sealed interface ChoiceEnd {
    record Finished(Finish.Reason reason) implements ChoiceEnd {}

    /** Its last token completes one of the texts to cut at: whoever reads it finds that. */
    record Stopped() implements ChoiceEnd {}

    record Failed(Failure failure) implements ChoiceEnd {}

    /** Nothing of it has run. */
    record Rejected(Rejection rejection) implements ChoiceEnd {}
}
