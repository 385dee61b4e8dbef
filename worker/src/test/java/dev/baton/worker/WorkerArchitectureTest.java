package dev.baton.worker;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.time.Instant;

@AnalyzeClasses(packages = "dev.baton.worker", importOptions = DoNotIncludeTests.class)
class WorkerArchitectureTest {
    /** A worker speaks through lanes, request states and token streams, and does not see what carries them. */
    @ArchTest
    static final ArchRule STORES_AND_WIRES_STAY_BEHIND_THE_CLUSTER = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.apache.kafka..",
                    "org.springframework.kafka..",
                    "org.springframework.data..",
                    "io.lettuce..",
                    "io.grpc..");

    @ArchTest
    static final ArchRule TORCH_STAYS_BEHIND_THE_ENGINE = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("ai.djl..", "dev.baton.model.torch..", "dev.baton.libtorch..");

    @ArchTest
    static final ArchRule TIME_OF_DAY_COMES_FROM_THE_CLOCK_THAT_IS_GIVEN = noClasses()
            .that()
            .doNotHaveSimpleName("WorkerAutoConfiguration")
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Instant.class, "now")
            .orShould()
            .callMethod(Clock.class, "systemUTC");
}
