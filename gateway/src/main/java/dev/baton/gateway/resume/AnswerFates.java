package dev.baton.gateway.resume;

import dev.baton.cluster.answers.OwnedAnswer;

/** Hears what becomes of the answers that this gateway runs. Any thread. */
interface AnswerFates {
    /** Something came that the store has not. */
    void changed(KeptAnswer answer);

    /** This gateway can run it no more, another one can. */
    void letGo(KeptAnswer answer, Tenure mine);

    /** Another gateway owns what was this one's as this owner. */
    void lost(KeptAnswer answer, OwnedAnswer was);

    /** It has ended, and the store knows that it will get no more. */
    void over(KeptAnswer answer, Tenure mine);
}
