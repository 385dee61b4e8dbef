package dev.baton.cluster.streams;

import dev.baton.explorer.Life;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A gateway's connection to the port of a worker, for one call. */
final class VirtualChannel extends ManagedChannel {
    private final VirtualNetwork network;
    private final Life gateway;
    private final String host;
    private final int port;
    private final Random random;
    private @Nullable VirtualCall call;

    VirtualChannel(VirtualNetwork network, Life gateway, String host, int port, Random random) {
        this.network = network;
        this.gateway = gateway;
        this.host = host;
        this.port = port;
        this.random = random;
    }

    @Override
    @SuppressWarnings("unchecked") // there is one method
    public <Q, A> ClientCall<Q, A> newCall(MethodDescriptor<Q, A> method, CallOptions options) {
        VirtualCall fresh = new VirtualCall(network, gateway, host, port, random);
        call = fresh;
        return (ClientCall<Q, A>) fresh;
    }

    @Override
    public ManagedChannel shutdownNow() {
        if (call != null) {
            call.cancel("closed", null);
        }
        return this;
    }

    @Override
    public ManagedChannel shutdown() {
        return shutdownNow();
    }

    @Override
    public boolean isShutdown() {
        return call == null;
    }

    @Override
    public boolean isTerminated() {
        return call == null;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return true;
    }

    @Override
    public String authority() {
        return host + ":" + port;
    }
}
