package dev.baton.control.admission;

/**
 * What has its turn at this gateway before one more request of a tenant, in fair order.
 *
 * @param requests that wait and come before it, of all tenants
 * @param tokens of their prompts that are in no cache
 * @param perTurn requests of all tenants that have their turn for each of this tenant's, its own included; at least 1
 */
public record Ahead(double requests, double tokens, double perTurn) {
    public static final Ahead NOTHING = new Ahead(0, 0, 1);

    public Ahead {
        if (requests < 0 || tokens < 0 || perTurn < 1) {
            throw new IllegalArgumentException(
                    "%s requests, %s tokens, %s per turn".formatted(requests, tokens, perTurn));
        }
    }
}
