package dev.baton.grammar;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Grammars are pure: they see structures and bytes. */
@AnalyzeClasses(packages = "dev.baton.grammar", importOptions = DoNotIncludeTests.class)
class GrammarArchitectureTest {
    @ArchTest
    static final ArchRule NOTHING_BUT_STRUCTURES_AND_JSON = classes()
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "dev.baton.grammar..",
                    "dev.baton.protocol..",
                    "com.google.protobuf..",
                    "tools.jackson..",
                    "java.lang..",
                    "java.math",
                    "java.net",
                    "java.nio.charset",
                    "java.util",
                    "java.util.function",
                    "java.util.stream",
                    "org.jspecify.annotations");

    @ArchTest
    static final ArchRule PACKAGES_ARE_FREE_OF_CYCLES =
            slices().matching("dev.baton.(**)").should().beFreeOfCycles();
}
