package dev.baton.cluster;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.baton.cluster.streams.TokenStreams;
import java.time.Clock;
import java.time.Instant;

/** Only its own packages know a store or a protocol; the wiring in the root package knows all. */
@AnalyzeClasses(packages = "dev.baton.cluster", importOptions = DoNotIncludeTests.class)
class ClusterArchitectureTest {
    private static final String WIRING = "dev.baton.cluster";

    @ArchTest
    static final ArchRule KAFKA_ONLY_IN_LANES = noClasses()
            .that()
            .resideOutsideOfPackages(WIRING, "dev.baton.cluster.lanes")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.kafka..", "org.springframework.kafka..");

    @ArchTest
    static final ArchRule REDIS_ONLY_WHERE_STATE_IS_KEPT = noClasses()
            .that()
            .resideOutsideOfPackages(
                    WIRING,
                    "dev.baton.cluster.redis",
                    "dev.baton.cluster.answers",
                    "dev.baton.cluster.requests",
                    "dev.baton.cluster.quotas",
                    "dev.baton.cluster.ledger",
                    "dev.baton.cluster.leases",
                    "dev.baton.cluster.registry",
                    "dev.baton.cluster.directory")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.lettuce..", "org.springframework.data..");

    @ArchTest
    static final ArchRule GRPC_ONLY_IN_STREAMS = noClasses()
            .that()
            .resideOutsideOfPackage("dev.baton.cluster.streams")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.grpc..");

    @ArchTest
    static final ArchRule OPENTELEMETRY_ONLY_IN_TRACING = noClasses()
            .that()
            .resideOutsideOfPackages(WIRING, "dev.baton.cluster.tracing")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.opentelemetry..", "io.micrometer.tracing..");

    @ArchTest
    static final ArchRule SPRING_BOOT_ONLY_IN_THE_WIRING = noClasses()
            .that()
            // The management port is Boot's: its endpoints, its web server, its audit events.
            .resideOutsideOfPackages(WIRING, "dev.baton.cluster.management")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.springframework.boot..", "org.springframework.context..", "org.springframework.beans..");

    @ArchTest
    static final ArchRule PACKAGES_ARE_FREE_OF_CYCLES =
            slices().matching("dev.baton.cluster.(*)..").should().beFreeOfCycles();

    /** A gateway's pings carry its wall clock; the worker echoes it, and the gateway measures the round trip. */
    @ArchTest
    static final ArchRule TIME_OF_DAY_COMES_FROM_THE_CLOCK_THAT_IS_GIVEN = noClasses()
            .that()
            .doNotHaveFullyQualifiedName(TokenStreams.class.getName())
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Instant.class, "now")
            .orShould()
            .callMethod(Clock.class, "systemUTC");
}
