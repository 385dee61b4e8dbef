package dev.baton.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class AcceptorTest {
    private final List<SocketChannel> served = new ArrayList<>();
    private int asked;

    @Test
    void goesOnAfterTheProcessHadTooManyFilesOpen() throws IOException {
        try (SocketChannel connection = SocketChannel.open()) {
            new Acceptor(
                            () -> switch (asked++) {
                                case 0, 1, 2 -> throw new IOException("Too many open files");
                                case 3 -> connection;
                                default -> throw new ClosedChannelException();
                            },
                            served::add)
                    .run();
            assertThat(served).containsExactly(connection);
            assertThat(connection.isOpen()).isTrue();
        }
    }

    @Test
    void aConnectionThatCannotBeServedIsClosedAndTheNextIsServed() throws IOException {
        try (SocketChannel first = SocketChannel.open();
                SocketChannel second = SocketChannel.open()) {
            new Acceptor(
                            () -> switch (asked++) {
                                case 0 -> first;
                                case 1 -> second;
                                default -> throw new ClosedChannelException();
                            },
                            connection -> {
                                if (connection == first) {
                                    throw new OutOfMemoryError("unable to create native thread");
                                }
                                served.add(connection);
                            })
                    .run();
            assertThat(first.isOpen()).isFalse();
            assertThat(served).containsExactly(second);
        }
    }
}
