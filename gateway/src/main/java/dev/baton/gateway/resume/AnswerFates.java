package dev.baton.gateway.resume;

/** Hears what becomes of the answers that this gateway runs. Any thread. */
interface AnswerFates {
    /** Something came that the store has not. */
    void changed(KeptAnswer answer);

    /** This gateway can run it no more, another one can. */
    void letGo(KeptAnswer answer);

    /** Another gateway owns it. */
    void lost(KeptAnswer answer);

    /** It has ended, and the store has all of it that is to be stored. */
    void whole(KeptAnswer answer);
}
