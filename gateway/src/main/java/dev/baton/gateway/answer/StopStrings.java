package dev.baton.gateway.answer;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Cuts an answer before the first stop string that completes in it, across any borders of the pieces it comes in. Text
 * that may yet become a stop string is held back, so nothing that was let through is ever part of one. When two complete
 * at the same character the one that began first counts; the result does not depend on where the pieces were cut.
 */
final class StopStrings {
    private final List<String> stops;
    private final StringBuilder held = new StringBuilder();
    private @Nullable String match;

    StopStrings(List<String> stops) {
        this.stops = List.copyOf(stops);
        for (String stop : this.stops) {
            if (stop.isEmpty()) {
                throw new IllegalArgumentException("A stop string is empty: leave it out.");
            }
        }
    }

    /** The text that is certain to stand before any stop string; empty once one has matched. */
    String push(String text) {
        if (match != null) {
            return "";
        }
        if (stops.isEmpty()) {
            return text;
        }
        held.append(text);
        int start = findMatch();
        int safe = match != null ? start : held.length() - longestPrefixAtEnd();
        String out = held.substring(0, safe);
        held.delete(0, match != null ? held.length() : safe);
        return out;
    }

    /** The end of the answer: what was held back is text after all. */
    String flush() {
        String out = held.toString();
        held.setLength(0);
        return out;
    }

    boolean matched() {
        return match != null;
    }

    /** The stop string that ended the answer, or null. */
    @Nullable
    String match() {
        return match;
    }

    private int findMatch() {
        int bestEnd = Integer.MAX_VALUE;
        int bestStart = -1;
        for (String stop : stops) {
            int start = held.indexOf(stop);
            int end = start + stop.length();
            if (start >= 0 && (end < bestEnd || (end == bestEnd && start < bestStart))) {
                bestEnd = end;
                bestStart = start;
                match = stop;
            }
        }
        return bestStart;
    }

    private int longestPrefixAtEnd() {
        int longest = 0;
        for (String stop : stops) {
            for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
                if (endsWithPrefix(stop, n)) {
                    longest = n;
                }
            }
        }
        return longest;
    }

    private boolean endsWithPrefix(String stop, int n) {
        int from = held.length() - n;
        for (int i = 0; i < n; i++) {
            if (held.charAt(from + i) != stop.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
