package dev.baton.e2e;

import dev.baton.stack.testing.WithStack;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives tests a {@link RunningBaton} of a setup as a parameter, and holds its pools to account after each of them. Classes
 * of one setup that follow each other share it.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@WithStack
@ExtendWith(BatonExtension.class)
@interface WithBaton {
    Setup value() default Setup.F32_SPLIT;
}
