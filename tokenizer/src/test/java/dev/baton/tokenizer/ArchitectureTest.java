package dev.baton.tokenizer;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.baton.tokenizer");

    @Test
    void packagesHaveNoCycles() {
        slices().matching("dev.baton.(tokenizer)..(*)")
                .should()
                .beFreeOfCycles()
                .check(CLASSES);
    }

    @Test
    void templatesKnowNothingButTheJdk() {
        classes()
                .that()
                .resideInAPackage("dev.baton.tokenizer.template")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("dev.baton.tokenizer.template", "java..", "org.jspecify..")
                .check(CLASSES);
    }

    @Test
    void nothingHereNeedsSpringOrLibtorch() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.springframework..", "ai.djl.pytorch..", "ai.djl.ndarray..")
                .check(CLASSES);
    }

    @Test
    void onlyTheEncoderTouchesTheNativeLibrary() {
        noClasses()
                .that()
                .doNotHaveSimpleName("NativeEncoder")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("ai.djl..")
                .check(CLASSES);
    }

    @Test
    void theTimeComesFromTheClockThatIsGiven() {
        noClasses()
                .that()
                .doNotHaveSimpleName("ModelTokenizer")
                .should()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(java.time.Clock.class, "systemDefaultZone")
                .check(CLASSES);
    }
}
