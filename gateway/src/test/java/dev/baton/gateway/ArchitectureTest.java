package dev.baton.gateway;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.time.Instant;

/** What may know what inside the gateway. */
@AnalyzeClasses(packages = "dev.baton.gateway", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule kafkaAndRedisStayInDispatch = noClasses()
            .that()
            .resideOutsideOfPackage("..gateway.dispatch..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.apache.kafka..",
                    "org.springframework.kafka..",
                    "io.lettuce..",
                    "org.springframework.data..",
                    "io.grpc..");

    @ArchTest
    static final ArchRule timeComesFromTheWiredClock = noClasses()
            .that()
            .doNotHaveFullyQualifiedName("dev.baton.gateway.GatewayApplication")
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Instant.class, "now")
            .orShould()
            .callMethod(Clock.class, "systemUTC")
            .orShould()
            .callMethod(Clock.class, "systemDefaultZone");

    /** The dispatcher's loops wait by the monotonic clock; they tell no time by it. */
    @ArchTest
    static final ArchRule onlyWaitingLoopsReadTheMonotonicClock = noClasses()
            .that()
            .resideOutsideOfPackage("..gateway.dispatch..")
            .should()
            .callMethod(System.class, "nanoTime");

    @ArchTest
    static final ArchRule packagesAreFreeOfCycles =
            slices().matching("dev.baton.gateway.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule nothingReachesBackIntoTheWiring = noClasses()
            .that()
            .resideInAnyPackage("dev.baton.gateway.*..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.baton.gateway");

    @ArchTest
    static final ArchRule onlyTheAnswerTalksToTheDispatcher = noClasses()
            .that()
            .resideInAnyPackage("..openai..", "..sse..", "..auth..", "..limits..", "..error..", "..observe..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("..gateway.dispatch..");
}
