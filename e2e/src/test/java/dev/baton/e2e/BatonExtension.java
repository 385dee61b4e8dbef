package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

final class BatonExtension implements ParameterResolver, AfterEachCallback {
    private static final Namespace STORE = Namespace.create(BatonExtension.class);
    private static final Duration SETTLES_WITHIN = Duration.ofSeconds(10);

    /** JUnit closes it after the last class. */
    private static RunningBaton baton(ExtensionContext context) {
        return context.getRoot()
                .getStore(STORE)
                .computeIfAbsent(RunningBaton.class, type -> RunningBaton.start(), RunningBaton.class);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        RunningBaton baton = baton(context);
        baton.awaitIdle(SETTLES_WITHIN);
        List<RunningBaton.Pool> pools = baton.pools();
        assertThat(pools).as("workers that live").isNotEmpty().allSatisfy(pool -> {
            assertThat(pool.integrity()).as("%s", pool).isEqualTo("clean");
            assertThat(pool.free()).as("%s", pool).isEqualTo(pool.blocks() - pool.cached());
        });
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == RunningBaton.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return baton(context);
    }
}
