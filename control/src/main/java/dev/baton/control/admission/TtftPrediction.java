package dev.baton.control.admission;

/**
 * When the first token of a request is likely to be there, in seconds from now.
 *
 * @param ahead until it is the request's turn to be computed
 * @param own that its own prompt takes
 * @param step that one more request of its tenant ahead would add to the wait
 */
public record TtftPrediction(double ahead, double own, double step) {
    public double seconds() {
        return ahead + own;
    }
}
