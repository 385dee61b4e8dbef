package dev.baton.transfer.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.junit.jupiter.api.Test;

class MessageChannelTest {
    @Test
    void messagesDoNotWaitForAnAcknowledgementOfTheOnesBefore() throws Exception {
        try (ServerSocketChannel listening = ServerSocketChannel.open()) {
            listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            try (SocketChannel opened = SocketChannel.open(listening.getLocalAddress());
                    SocketChannel accepted = listening.accept();
                    MessageChannel ofReceiver = new MessageChannel(opened, TimeSource.system());
                    MessageChannel ofSender = new MessageChannel(accepted, TimeSource.system())) {
                assertThat(opened.getOption(StandardSocketOptions.TCP_NODELAY)).isTrue();
                assertThat(accepted.getOption(StandardSocketOptions.TCP_NODELAY))
                        .isTrue();
                assertThat(ofReceiver).isNotSameAs(ofSender);
            }
        }
    }
}
