package dev.baton.engine;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.time.Instant;

@AnalyzeClasses(packages = "dev.baton.engine", importOptions = DoNotIncludeTests.class)
class EngineArchitectureTest {
    @ArchTest
    static final ArchRule PACKAGES_ARE_FREE_OF_CYCLES =
            slices().matching("dev.baton.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule NO_SPRING = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.springframework..", "io.lettuce..", "org.apache.kafka..");

    @ArchTest
    static final ArchRule TIME_COMES_FROM_THE_CLOCK_THAT_IS_GIVEN = noClasses()
            .that()
            .doNotHaveFullyQualifiedName(EngineClock.class.getName())
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Instant.class, "now")
            .orShould()
            .callMethod(Clock.class, "systemUTC");

    @ArchTest
    static final ArchRule SCHEDULING_AND_SAMPLING_ARE_PURE = noClasses()
            .that()
            .resideInAnyPackage("dev.baton.engine.schedule", "dev.baton.engine.sampling")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.io..", "java.nio.file..", "java.util.concurrent..", "dev.baton.engine");

    @ArchTest
    static final ArchRule KNOWS_NO_MODEL = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("ai.djl..", "dev.baton.model..", "dev.baton.kernel..", "dev.baton.libtorch..");
}
