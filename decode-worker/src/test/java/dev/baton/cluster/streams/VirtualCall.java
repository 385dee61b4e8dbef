package dev.baton.cluster.streams;

import dev.baton.explorer.Life;
import dev.baton.explorer.Timeline;
import dev.baton.protocol.v1.GatewayMessage;
import dev.baton.protocol.v1.WorkerMessage;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.net.ConnectException;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A call over a connection of its own: the gateway's end of it, and inside the worker's. */
final class VirtualCall extends ClientCall<GatewayMessage, WorkerMessage> {
    private final VirtualNetwork network;
    private final Timeline time;
    private final Life gateway;
    private final Life.Track gatewayIo;
    private final String host;
    private final int port;
    private final VirtualNetwork.Cut cut;
    private final Way up;
    private final Way down;
    private @Nullable Listener<WorkerMessage> listener;
    private @Nullable Life worker;
    private Life.@Nullable Track workerIo;
    private @Nullable StreamObserver<GatewayMessage> inbound;
    private boolean serverOver;
    private boolean clientOver;

    VirtualCall(VirtualNetwork network, Life gateway, String host, int port, Random random) {
        this.network = network;
        this.time = network.time();
        this.gateway = gateway;
        this.gatewayIo = gateway.thread("io");
        this.host = host;
        this.port = port;
        this.cut = network.cut(id(gateway), host);
        this.up = new Way(random, () -> cut.up);
        this.down = new Way(random, () -> cut.down);
    }

    private static String id(Life life) {
        return life.name().substring(0, life.name().indexOf('#'));
    }

    /** One direction: in order, and what is lost takes all behind it along. */
    private final class Way {
        private final Random random;
        private final BooleanSupplier muted;
        private long last;
        private boolean lost;

        Way(Random random, BooleanSupplier muted) {
            this.random = random;
            this.muted = muted;
        }

        void carry(Runnable arrives) {
            if (lost || muted.getAsBoolean()) {
                lost = true;
                return;
            }
            long takes = 50_000 + random.nextInt(250_000);
            if (cut.stall > 0 && random.nextInt(4) == 0) {
                takes += random.nextInt(cut.stall) * 1_000_000L;
            }
            last = Math.max(last + 1, time.now() + takes);
            time.after(last - time.now(), arrives);
        }
    }

    boolean between(String gatewayId, String workerId) {
        return id(gateway).equals(gatewayId) && host.equals(workerId);
    }

    boolean of(Life life) {
        return life == gateway || life == worker;
    }

    @Override
    public void start(Listener<WorkerMessage> to, Metadata headers) {
        listener = to;
        network.opened(this);
        if (cut.up || cut.down) {
            return; // nobody answers
        }
        up.carry(() -> {
            VirtualNetwork.Port open = network.port(port);
            if (open == null) {
                down.carry(() -> ends(Status.UNAVAILABLE.withCause(new ConnectException("Connection refused"))));
                return;
            }
            worker = open.life();
            Life.Track io = open.life().thread("io");
            workerIo = io;
            io.after(0, () -> inbound = open.server().attach(new Outbound()));
        });
    }

    @Override
    public void sendMessage(GatewayMessage message) {
        if (!clientOver) {
            up.carry(() -> server(() -> {
                if (inbound != null) {
                    inbound.onNext(message);
                }
            }));
        }
    }

    private void server(Runnable task) {
        Life.Track io = workerIo;
        if (io != null) {
            io.after(0, () -> {
                if (!serverOver) {
                    task.run();
                }
            });
        }
    }

    /** The gateway's end hears that it is over. */
    private void ends(Status status) {
        gatewayIo.after(0, () -> {
            if (!clientOver && listener != null) {
                clientOver = true;
                network.closed(this);
                listener.onClose(status, new Metadata());
            }
        });
    }

    /** The connection is reset. */
    void breaks() {
        if (!cut.down) {
            ends(Status.UNAVAILABLE.withDescription("reset"));
        }
        if (!cut.up) {
            left();
        }
        network.closed(this);
    }

    private void left() {
        server(() -> {
            serverOver = true;
            if (inbound != null) {
                inbound.onError(Status.CANCELLED.asRuntimeException());
            }
        });
    }

    @Override
    public void cancel(@Nullable String why, @Nullable Throwable cause) {
        if (!clientOver) {
            clientOver = true;
            network.closed(this);
            up.carry(this::left);
        }
    }

    @Override
    public void request(int messages) {}

    @Override
    public void halfClose() {
        cancel("half closed", null);
    }

    @Override
    public boolean isReady() {
        return !clientOver;
    }

    /** The worker's end. */
    private final class Outbound extends ServerCallStreamObserver<WorkerMessage> {
        private boolean closed;

        @Override
        public void onNext(WorkerMessage message) {
            if (!closed) {
                down.carry(() -> gatewayIo.after(0, () -> {
                    if (!clientOver && listener != null) {
                        listener.onMessage(message);
                    }
                }));
            }
        }

        @Override
        public void onError(Throwable failure) {
            if (closed) {
                throw new StatusRuntimeException(Status.INTERNAL.withDescription("closed twice"));
            }
            close(Status.fromThrowable(failure));
        }

        @Override
        public void onCompleted() {
            if (!closed) {
                close(Status.OK);
            }
        }

        private void close(Status status) {
            closed = true;
            serverOver = true;
            down.carry(() -> ends(status));
        }

        @Override
        public boolean isCancelled() {
            return serverOver;
        }

        @Override
        public boolean isReady() {
            return !serverOver;
        }

        @Override
        public void setOnReadyHandler(Runnable handler) {}

        @Override
        public void setOnCancelHandler(Runnable handler) {}

        @Override
        public void setOnCloseHandler(Runnable handler) {}

        @Override
        public void setCompression(String compression) {}

        @Override
        public void disableAutoInboundFlowControl() {}

        @Override
        public void disableAutoRequest() {}

        @Override
        public void request(int count) {}

        @Override
        public void setMessageCompression(boolean enable) {}
    }
}
