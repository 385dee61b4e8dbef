package dev.baton.e2e;

import java.util.List;

/** How the processes of a test class are arranged: one prefill worker in each, one thread a worker. */
enum Setup {
    /** In f32, as the reference is; every prompt split; two decode workers. */
    F32_SPLIT(2, List.of("--baton.dispatch.mode=SPLIT"), List.of("--baton.engine.dtype=F32")),
    /** What people get who set nothing. */
    DEFAULTS(1, List.of(), List.of()),
    /** Workers that may not share memory, and small steps: a long prompt takes many. */
    TCP(
            1,
            List.of("--baton.dispatch.mode=SPLIT"),
            List.of(
                    "--baton.engine.dtype=F32",
                    "--baton.transfer.transport=TCP",
                    "--baton.engine.max-sequences=16",
                    "--baton.engine.step-tokens=80")),
    /** Workers each of which lives as on a host of its own: no other one's pool can be read there. */
    OTHER_HOSTS(
            2,
            List.of("--baton.dispatch.mode=SPLIT", "--baton.dispatch.local-tokens=512"),
            List.of(
                    "--baton.transfer.transport=TCP",
                    "--baton.kv.pool-folder=" + RunningBaton.POOLS.resolve("${baton.worker.id}")));

    private final int decode;
    private final List<String> gatewaySettings;
    private final List<String> workerSettings;

    Setup(int decode, List<String> gatewaySettings, List<String> workerSettings) {
        this.decode = decode;
        this.gatewaySettings = gatewaySettings;
        this.workerSettings = workerSettings;
    }

    int decode() {
        return decode;
    }

    List<String> gatewaySettings() {
        return gatewaySettings;
    }

    List<String> workerSettings() {
        return workerSettings;
    }
}
