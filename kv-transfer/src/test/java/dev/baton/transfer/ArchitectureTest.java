package dev.baton.transfer;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.baton.transfer.session.TimeSource;
import java.time.Clock;
import java.time.Instant;

@AnalyzeClasses(packages = "dev.baton.transfer", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule PACKAGES_HAVE_NO_CYCLES =
            slices().matching("dev.baton.transfer.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule ONLY_THE_TIME_SOURCE_READS_CLOCKS = noClasses()
            .that()
            .areNotAssignableTo(TimeSource.class)
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Instant.class, "now")
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(Clock.class);

    @ArchTest
    static final ArchRule POOLS_AND_SESSIONS_DO_NOT_KNOW_TICKETS = noClasses()
            .that()
            .resideInAnyPackage("dev.baton.transfer.pool", "dev.baton.transfer.session")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.baton.transfer");
}
