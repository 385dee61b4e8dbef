package dev.baton.kv;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.baton.kv", importOptions = DoNotIncludeTests.class)
class KvArchitectureTest {
    @ArchTest
    static final ArchRule PACKAGES_ARE_FREE_OF_CYCLES =
            slices().matching("dev.baton.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule THE_KV_PACKAGE_IS_PURE = classes()
            .that()
            .resideInAPackage("dev.baton.kv")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "dev.baton.kv",
                    "dev.baton.kv.ffm",
                    "java.lang",
                    "java.lang.foreign",
                    "java.lang.invoke",
                    "java.lang.runtime",
                    "java.nio",
                    "java.nio.charset",
                    "java.security",
                    "java.util",
                    "java.util.function",
                    "java.util.stream",
                    "org.jspecify.annotations");

    @ArchTest
    static final ArchRule NO_SPRING_AND_NO_LETTUCE = noClasses()
            .that()
            .resideInAPackage("dev.baton..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.springframework..", "io.lettuce..");

    @ArchTest
    static final ArchRule NO_CLOCK_IN_THE_KV_PACKAGE = noClasses()
            .that()
            .resideInAPackage("dev.baton.kv")
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis");
}
