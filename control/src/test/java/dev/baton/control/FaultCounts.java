package dev.baton.control;

/** How often each fault really happened. */
final class FaultCounts {
    int deaths;
    int freezes;
    int hedgesWon;
    int hedgesEnded;
    int differences;
    long longestWait;
    int breaks;
    int declines;
    int repeats;
    int outages;
    int gaps;
    int zombieFrames;
    int handedOver;

    void add(FaultCounts other) {
        deaths += other.deaths;
        freezes += other.freezes;
        hedgesWon += other.hedgesWon;
        hedgesEnded += other.hedgesEnded;
        differences += other.differences;
        longestWait = Math.max(longestWait, other.longestWait);
        breaks += other.breaks;
        declines += other.declines;
        repeats += other.repeats;
        outages += other.outages;
        gaps += other.gaps;
        zombieFrames += other.zombieFrames;
        handedOver += other.handedOver;
    }
}
