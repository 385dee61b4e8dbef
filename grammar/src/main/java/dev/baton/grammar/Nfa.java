package dev.baton.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Automata under construction, in one pool of nodes: edges are taken on a byte, on nothing, or by calling a rule. A
 * fragment is the part between two nodes; it is used once.
 */
final class Nfa {
    private final Budget budget;
    private final List<List<Edge>> edges = new ArrayList<>();
    private final List<Fragment> rules = new ArrayList<>();

    sealed interface Edge {
        int to();
    }

    /** On any byte from {@code low} to {@code high}. */
    record Bytes(int low, int high, int to) implements Edge {}

    record Nothing(int to) implements Edge {}

    record Call(int rule, int to) implements Edge {}

    record Fragment(int start, int end) {}

    Nfa(Budget budget) {
        this.budget = budget;
    }

    int node() {
        budget.node();
        edges.add(new ArrayList<>(2));
        return edges.size() - 1;
    }

    int nodes() {
        return edges.size();
    }

    List<Edge> edges(int node) {
        return edges.get(node);
    }

    void nothing(int from, int to) {
        edges.get(from).add(new Nothing(to));
    }

    void bytes(int from, int low, int high, int to) {
        edges.get(from).add(new Bytes(low, high, to));
    }

    void call(int from, int rule, int to) {
        edges.get(from).add(new Call(rule, to));
    }

    /** A rule that can be called before it is {@linkplain #define defined}. */
    int declare() {
        rules.add(new Fragment(node(), node()));
        return rules.size() - 1;
    }

    void define(int rule, Fragment body) {
        nothing(rules.get(rule).start(), body.start());
        nothing(body.end(), rules.get(rule).end());
    }

    int rule(Fragment body) {
        int rule = declare();
        define(rule, body);
        return rule;
    }

    List<Fragment> rules() {
        return rules;
    }

    Fragment empty() {
        int node = node();
        return new Fragment(node, node);
    }

    Fragment range(int low, int high) {
        Fragment fragment = new Fragment(node(), node());
        bytes(fragment.start(), low, high, fragment.end());
        return fragment;
    }

    Fragment literal(String text) {
        return literal(text.getBytes(StandardCharsets.UTF_8));
    }

    Fragment literal(byte[] bytes) {
        int start = node();
        int at = start;
        for (byte b : bytes) {
            int next = node();
            bytes(at, b & 0xFF, b & 0xFF, next);
            at = next;
        }
        return new Fragment(start, at);
    }

    Fragment callOf(int rule) {
        Fragment fragment = new Fragment(node(), node());
        call(fragment.start(), rule, fragment.end());
        return fragment;
    }

    Fragment sequence(List<Fragment> parts) {
        Fragment whole = empty();
        for (Fragment part : parts) {
            nothing(whole.end(), part.start());
            whole = new Fragment(whole.start(), part.end());
        }
        return whole;
    }

    Fragment sequence(Fragment... parts) {
        return sequence(List.of(parts));
    }

    /** Nothing at all matches when there are no alternatives. */
    Fragment anyOf(List<Fragment> alternatives) {
        Fragment whole = new Fragment(node(), node());
        for (Fragment alternative : alternatives) {
            nothing(whole.start(), alternative.start());
            nothing(alternative.end(), whole.end());
        }
        return whole;
    }

    Fragment anyOf(Fragment... alternatives) {
        return anyOf(List.of(alternatives));
    }

    Fragment optional(Fragment part) {
        return anyOf(part, empty());
    }

    /** @param most −1 for no bound */
    Fragment repeated(Supplier<Fragment> part, int least, int most) {
        int start = node();
        int at = start;
        for (int i = 0; i < least; i++) {
            Fragment one = part.get();
            nothing(at, one.start());
            at = one.end();
        }
        int end = node();
        if (most < 0) {
            Fragment more = part.get();
            int loop = node();
            nothing(at, loop);
            nothing(loop, more.start());
            nothing(more.end(), loop);
            nothing(loop, end);
        } else {
            for (int i = least; i < most; i++) {
                nothing(at, end);
                Fragment one = part.get();
                nothing(at, one.start());
                at = one.end();
            }
            nothing(at, end);
        }
        return new Fragment(start, end);
    }
}
