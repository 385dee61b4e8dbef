package dev.baton.stack.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a client and a server feel of each fault, over real sockets. */
@Timeout(30)
class FaultProxyTest {
    private static final int PATIENCE_MILLIS = 20_000;
    private static final int SOON_MILLIS = 50;

    private ServerSocket server;
    private FaultProxy proxy;

    @BeforeEach
    void open() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        proxy = new FaultProxy(server.getLocalPort());
    }

    @AfterEach
    void close() throws IOException {
        proxy.close();
        server.close();
    }

    /** Both ends of one connection through the proxy. */
    private record Pair(Socket client, Socket served) implements AutoCloseable {
        void say(int value) throws IOException {
            client.getOutputStream().write(value);
        }

        void answer(int value) throws IOException {
            served.getOutputStream().write(value);
        }

        int asked() throws IOException {
            return served.getInputStream().read();
        }

        int heard() throws IOException {
            return client.getInputStream().read();
        }

        @Override
        public void close() throws IOException {
            client.close();
            served.close();
        }
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), proxy.port());
        socket.setSoTimeout(PATIENCE_MILLIS);
        return socket;
    }

    private Pair pair() throws IOException {
        Socket client = connect();
        Socket served = server.accept();
        served.setSoTimeout(PATIENCE_MILLIS);
        return new Pair(client, served);
    }

    private static void await(BooleanSupplier holds) {
        while (!holds.getAsBoolean()) {
            Thread.onSpinWait();
        }
    }

    @Test
    void aCutResetsTheStruckClientsConnectionAndItsNextOnes() throws IOException {
        try (Pair struck = pair();
                Pair other = pair()) {
            struck.say(1);
            assertThat(struck.asked()).isEqualTo(1);
            int port = struck.client.getLocalPort();
            await(() -> proxy.clients().size() == 2);
            proxy.strike(new LinkFault.Cut(), client -> client == port);
            assertThat(proxy.struck()).isEqualTo(1);
            assertThatThrownBy(struck::heard).isInstanceOf(SocketException.class);
            other.say(2);
            assertThat(other.asked()).isEqualTo(2);

            proxy.strike(new LinkFault.Cut(), client -> true);
            try (Socket next = connect()) {
                assertThatThrownBy(() -> next.getInputStream().read()).isInstanceOf(SocketException.class);
            }
            server.accept().close();
            proxy.heal();
            try (Pair healed = pair()) {
                healed.say(3);
                assertThat(healed.asked()).isEqualTo(3);
            }
        }
    }

    @Test
    void oneWayIsLostAndTheOtherIsNotAndTheHoleIsNeverPassed() throws IOException {
        try (Pair pair = pair()) {
            await(() -> proxy.clients().size() == 1);
            proxy.strike(new LinkFault.OneWay(LinkFault.Way.TO_TARGET), client -> true);
            pair.say(1);
            await(() -> proxy.struck() == 1);
            pair.answer(2);
            assertThat(pair.heard()).isEqualTo(2);
            pair.served.setSoTimeout(SOON_MILLIS);
            assertThatThrownBy(pair::asked).isInstanceOf(SocketTimeoutException.class);
            proxy.heal();
            assertThatThrownBy(pair::heard).isInstanceOf(SocketException.class);
        }
    }

    /** Telling the clients apart takes time: a fault may be healed meanwhile. */
    @Test
    void aConnectionThatIsMadeWhileAFaultIsHealedDoesNotKeepIt() throws IOException, InterruptedException {
        Thread healing = new Thread(proxy::heal);
        proxy.strike(new LinkFault.OneWay(LinkFault.Way.TO_TARGET), client -> {
            healing.start();
            await(() -> switch (healing.getState()) {
                case BLOCKED, WAITING, TERMINATED -> true;
                case NEW, RUNNABLE, TIMED_WAITING -> false;
            });
            return true;
        });
        try (Pair pair = pair()) {
            await(() -> proxy.accepted() == 1);
            healing.join();
            pair.say(1);
            assertThat(pair.asked()).isEqualTo(1);
            assertThat(proxy.struck()).isZero();
        }
    }

    @Test
    void whatIsHeldBackComesWholeAndInOrder() throws IOException {
        try (Pair pair = pair()) {
            await(() -> proxy.clients().size() == 1);
            proxy.strike(new LinkFault.Stalls(1, Duration.ofMillis(5), Duration.ofMillis(10)), client -> true);
            for (int i = 0; i < 10; i++) {
                pair.say(i);
            }
            for (int i = 0; i < 10; i++) {
                assertThat(pair.asked()).isEqualTo(i);
            }
            assertThat(proxy.struck()).isPositive();
        }
    }

    @Test
    void refusesWhileItsTargetDoes() throws IOException {
        int port = server.getLocalPort();
        server.close();
        try (Socket first = connect()) {
            assertThatThrownBy(() -> first.getInputStream().read()).isInstanceOf(SocketException.class);
        }
        await(() -> refused());
        server = new ServerSocket(port, 50, InetAddress.getLoopbackAddress());
        await(() -> !refused());
    }

    private boolean refused() {
        try (Socket socket = connect()) {
            return false;
        } catch (ConnectException e) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void turnsSoManyBitsOverInOnePayloadOfANewTransferAndInNoMessage() throws IOException {
        FramedFlips flips = new FramedFlips(message -> new FramedFlips.Payload(message[0], message[1]), new Random(1));
        try (FaultProxy flipping = new FaultProxy(0, server.getLocalPort(), flips, 0);
                Socket client = new Socket(InetAddress.getLoopbackAddress(), flipping.port());
                Socket served = server.accept()) {
            client.setSoTimeout(PATIENCE_MILLIS);
            assertThat(bitsChanged(client, served, 7)).isZero();
            flips.arm(3, 1);
            assertThat(bitsChanged(client, served, 7)).as("the transfer before").isZero();
            assertThat(bitsChanged(client, served, 8)).as("passes first").isZero();
            assertThat(bitsChanged(client, served, 8)).isEqualTo(3);
            assertThat(bitsChanged(client, served, 8)).isZero();
            assertThat(flips.flipped()).isEqualTo(1);
        }
    }

    /** Sends a message with 100 zero bytes behind it; the message must arrive as it was. */
    private static int bitsChanged(Socket client, Socket served, int transfer) throws IOException {
        byte[] sent = ByteBuffer.allocate(6 + 100)
                .putInt(2)
                .put((byte) 100)
                .put((byte) transfer)
                .array();
        served.getOutputStream().write(sent);
        byte[] came = client.getInputStream().readNBytes(sent.length);
        assertThat(Arrays.copyOf(came, 6)).isEqualTo(Arrays.copyOf(sent, 6));
        int changed = 0;
        for (int i = 6; i < came.length; i++) {
            changed += Integer.bitCount(came[i] & 0xff);
        }
        return changed;
    }
}
