package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.protocol.v1.UsageEvent;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class UsageEventsTest {
    private static final long LARGE = 1 << 20;

    @TempDir
    private Path folder;

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final List<String> confirmed = new CopyOnWriteArrayList<>();
    private volatile boolean away;

    @Test
    void whatKafkaDoesNotTakeIsSentOnceItIsBack() throws Exception {
        try (UsageEvents events = new UsageEvents(this::kafka, spool("a", LARGE), meters)) {
            away = true;
            List<String> ids = publish(events, "r", 1_000);
            assertThat(confirmed).as("fault not applied").isEmpty();
            assertThat(meters.get("baton.dispatch.usage.spooled").gauge().value())
                    .isPositive();
            away = false;
            await().until(() -> confirmed.size() >= 1_000);
            assertThat(confirmed).containsExactlyElementsOf(ids);
            await().until(() ->
                    meters.get("baton.dispatch.usage.spooled").gauge().value() == 0);
        }
        assertThat(lost()).isZero();
        assertThat(files()).isEmpty();
    }

    @Test
    void whatAnEarlierLifeHasLeftIsSentByTheNext() throws Exception {
        away = true;
        List<String> ids;
        try (UsageEvents events = new UsageEvents(this::kafka, spool("a", LARGE), meters)) {
            ids = publish(events, "r", 300);
        }
        assertThat(files()).hasSize(1);
        away = false;
        try (UsageEvents next = new UsageEvents(this::kafka, spool("b", LARGE), new SimpleMeterRegistry())) {
            await().until(() -> confirmed.size() >= 300);
            assertThat(confirmed).containsExactlyElementsOf(ids);
            next.publish(event("last"));
        }
        assertThat(confirmed).last().isEqualTo("last");
        assertThat(files()).isEmpty();
    }

    @Test
    void theSpoolOfALivingGatewayIsLeftAlone() throws Exception {
        try (UsageSpool one = spool("a", LARGE);
                UsageSpool other = spool("b", LARGE)) {
            assertThat(one.add(event("r"))).isTrue();
            try (UsageSpool third = spool("c", LARGE)) {
                assertThat(third.isEmpty()).isTrue();
            }
            assertThat(other.isEmpty()).isTrue();
            assertThat(one.oldest(5)).containsExactly(event("r"));
        }
    }

    @Test
    void aFullSpoolIsCountedAndStopsNoRequest() throws Exception {
        away = true;
        try (UsageEvents events = new UsageEvents(this::kafka, spool("a", 1_000), meters)) {
            publish(events, "r", 200);
            assertThat(lost()).isPositive();
            assertThat(Files.size(files().getFirst())).isLessThanOrEqualTo(1_000);
            away = false;
            await().until(() -> confirmed.size() + lost() == 200);
        }
    }

    @Test
    void aDamagedSpoolIsCountedAndSentAsFarAsItCanBeRead() throws Exception {
        try (UsageSpool spool = spool("a", LARGE)) {
            IntStream.range(0, 10).forEach(i -> spool.add(event("r" + i)));
        }
        try (RandomAccessFile file = new RandomAccessFile(files().getFirst().toFile(), "rw")) {
            file.seek(file.length() - 2);
            file.write(0x7F);
        }
        try (UsageSpool next = spool("b", LARGE)) {
            assertThat(next.damaged()).isEqualTo(1);
            assertThat(next.oldest(100))
                    .extracting(UsageEvent::getRequestId)
                    .containsExactly("r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8");
            assertThat(next.add(event("new"))).isTrue();
            next.sent(next.oldest(100));
        }
    }

    private CompletionStage<Void> kafka(UsageEvent event) {
        if (away) {
            return CompletableFuture.failedFuture(new IOException("no broker"));
        }
        confirmed.add(event.getRequestId());
        return CompletableFuture.completedFuture(null);
    }

    private static List<String> publish(UsageEvents events, String prefix, int count) {
        List<String> ids = IntStream.range(0, count).mapToObj(i -> prefix + i).toList();
        ids.forEach(id -> events.publish(event(id)));
        return ids;
    }

    private static UsageEvent event(String id) {
        return UsageEvent.newBuilder()
                .setRequestId(id)
                .setTenant("tenant")
                .setCompletionTokens(5)
                .build();
    }

    private double lost() {
        return meters.get("baton.dispatch.usage.lost").counter().count();
    }

    /** Length, CRC-32C, message: a file that an earlier version left, and what this one writes. */
    @Test
    void theBytesOfTheSpoolStay() throws IOException {
        byte[] file = HexFormat.of()
                .parseHex("00000038f748a29b0a0772657175657374120674656e616e741a056d6f64656c2064284030143a04"
                        + "73746f70410068e5cf8b01000049f469e5cf8b0100005002");
        UsageEvent event = UsageEvent.parseFrom(Arrays.copyOfRange(file, 8, file.length));
        assertThat(event.getCompletionTokens()).isEqualTo(20);
        Files.write(folder.resolve("earlier.spool"), file);
        try (UsageSpool spool = spool("a", LARGE)) {
            assertThat(spool.oldest(10)).containsExactly(event);
            assertThat(spool.damaged()).isZero();
            spool.sent(List.of(event));
            assertThat(spool.add(event)).isTrue();
            assertThat(Files.readAllBytes(folder.resolve("a.spool"))).isEqualTo(file);
        }
    }

    private UsageSpool spool(String name, long max) throws IOException {
        return UsageSpool.open(folder, name, max);
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.toList();
        }
    }
}
