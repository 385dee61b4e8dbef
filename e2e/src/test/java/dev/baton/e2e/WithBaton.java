package dev.baton.e2e;

import dev.baton.stack.testing.WithStack;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/** Gives tests the one {@link RunningBaton} as a parameter, and holds its pools to account after each of them. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@WithStack
@ExtendWith(BatonExtension.class)
@interface WithBaton {}
