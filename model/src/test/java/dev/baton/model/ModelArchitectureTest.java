package dev.baton.model;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.baton.kernel.RooflineProbe;
import java.time.Clock;
import java.time.Instant;

@AnalyzeClasses(
        packages = {"dev.baton.model", "dev.baton.kernel"},
        importOptions = DoNotIncludeTests.class)
class ModelArchitectureTest {
    @ArchTest
    static final ArchRule PACKAGES_ARE_FREE_OF_CYCLES =
            slices().matching("dev.baton.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule NO_SPRING = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.springframework..", "io.lettuce..", "org.apache.kafka..");

    /** {@link RooflineProbe} measures the machine: reading the clock is its work. */
    @ArchTest
    static final ArchRule READS_NO_CLOCK = noClasses()
            .that()
            .doNotHaveFullyQualifiedName(RooflineProbe.class.getName())
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Instant.class, "now")
            .orShould()
            .callMethod(Clock.class, "systemUTC");

    @ArchTest
    static final ArchRule PROCESSORS_NEED_NO_LIBTORCH = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.baton.model.torch..", "dev.baton.libtorch..", "ai.djl..");
}
