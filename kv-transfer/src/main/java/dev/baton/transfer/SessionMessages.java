package dev.baton.transfer;

import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvAllDone;
import dev.baton.protocol.v1.KvCancelled;
import dev.baton.protocol.v1.KvCredit;
import dev.baton.protocol.v1.KvFetch;
import dev.baton.protocol.v1.KvFound;
import dev.baton.protocol.v1.KvMessage;
import dev.baton.protocol.v1.KvNack;
import dev.baton.protocol.v1.KvPing;
import dev.baton.protocol.v1.KvTicket;
import dev.baton.protocol.v1.KvTransportKind;
import java.util.Arrays;
import java.util.List;

/** Makes the messages of a session. */
final class SessionMessages {
    private SessionMessages() {}

    static KvMessage request(long ticket, KvRequest request, KvTransportKind transport) {
        KvMessage.Builder message = KvMessage.newBuilder();
        List<Integer> blocks = Arrays.stream(request.blocks()).boxed().toList();
        switch (request) {
            case TicketRequest prompt ->
                message.setTicket(KvTicket.newBuilder()
                        .setTicket(ticket)
                        .setRequestId(prompt.key().requestId())
                        .setAttempt(prompt.key().toAttempt())
                        .setTokens(prompt.tokens())
                        .addAllBlocks(blocks)
                        .setTransport(transport)
                        .setTags(prompt.tags()));
            case FetchRequest named ->
                message.setFetch(KvFetch.newBuilder()
                        .setTicket(ticket)
                        .setNames(BlockNames.encode(named.names()))
                        .addAllBlocks(blocks)
                        .setTransport(transport)
                        .setTags(named.tags()));
        }
        return message.build();
    }

    static KvMessage found(long ticket, int blocks) {
        return KvMessage.newBuilder()
                .setFound(KvFound.newBuilder().setTicket(ticket).setBlocks(blocks))
                .build();
    }

    static KvMessage allDone(long ticket, OutgoingTransfer.Announcement.All all) {
        return KvMessage.newBuilder()
                .setAllDone(KvAllDone.newBuilder()
                        .setTicket(ticket)
                        .setFirstToken(all.firstToken())
                        .setComputeEndedUs(all.computeEndedMicros()))
                .build();
    }

    static KvMessage nack(long ticket, Failure failure) {
        return KvMessage.newBuilder()
                .setNack(KvNack.newBuilder().setTicket(ticket).setFailure(failure))
                .build();
    }

    static KvMessage cancelled(long ticket) {
        return KvMessage.newBuilder()
                .setCancelled(KvCancelled.newBuilder().setTicket(ticket))
                .build();
    }

    static KvMessage credit(long bytes) {
        return KvMessage.newBuilder()
                .setCredit(KvCredit.newBuilder().setBytes(bytes))
                .build();
    }

    static KvMessage ping(long micros) {
        return KvMessage.newBuilder()
                .setPing(KvPing.newBuilder().setSentUs(micros))
                .build();
    }

    static KvMessage answer(KvPing ping) {
        return KvMessage.newBuilder().setPing(ping.toBuilder().setReply(true)).build();
    }
}
