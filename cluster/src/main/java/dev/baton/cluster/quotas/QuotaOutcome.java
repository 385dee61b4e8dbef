package dev.baton.cluster.quotas;

import dev.baton.control.quota.Refusal;
import java.util.List;

/** What became of a reservation. */
public sealed interface QuotaOutcome {
    /**
     * Let in.
     *
     * @param standings of the scopes that have limits, this request included
     */
    record Admitted(List<Standing> standings) implements QuotaOutcome {
        public Admitted {
            standings = List.copyOf(standings);
        }
    }

    /**
     * Not let in.
     *
     * @param by the scope that has too little
     */
    record Refused(Refusal refusal, Standing by, List<Standing> standings) implements QuotaOutcome {
        public Refused {
            standings = List.copyOf(standings);
        }
    }

    /** Redis is away, and without it nothing is let in. */
    record Unavailable() implements QuotaOutcome {}
}
