package dev.baton.prefill;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.time.Instant;

@AnalyzeClasses(packages = "dev.baton.prefill", importOptions = DoNotIncludeTests.class)
class PrefillArchitectureTest {
    @ArchTest
    static final ArchRule ONLY_THE_APPLICATION_KNOWS_SPRING = noClasses()
            .that()
            .haveSimpleNameNotEndingWith("Application")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.springframework..");

    @ArchTest
    static final ArchRule STORES_AND_WIRES_STAY_BEHIND_THE_CLUSTER = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.kafka..", "io.lettuce..", "io.grpc..", "ai.djl..");

    @ArchTest
    static final ArchRule TIME_OF_DAY_COMES_FROM_THE_CLOCK_THAT_IS_GIVEN = noClasses()
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Instant.class, "now")
            .orShould()
            .callMethod(Clock.class, "systemUTC");
}
