package dev.baton.gateway.resume;

import dev.baton.gateway.answer.CompletionRunner;
import dev.baton.gateway.answer.PreparedRequest;

/** An answer to read. */
public final class KeptHandle {
    private final KeptAnswer answer;

    KeptHandle(KeptAnswer answer) {
        this.answer = answer;
    }

    /** By which it is asked for again. */
    public String id() {
        return answer.key().id();
    }

    KeptAnswer answer() {
        return answer;
    }

    public PreparedRequest prepared() {
        return answer.prepared();
    }

    /** Runs readers of it in the place of generations. */
    public CompletionRunner reading(CompletionRunner completions) {
        return completions.over(answer::replay);
    }
}
