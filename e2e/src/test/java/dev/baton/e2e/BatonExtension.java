package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

final class BatonExtension implements ParameterResolver, AfterEachCallback {
    private static final Namespace STORE = Namespace.create(BatonExtension.class);
    private static final Duration SETTLES_WITHIN = Duration.ofSeconds(10);

    private static RunningBaton baton(ExtensionContext context) {
        Setup setup =
                context.getRequiredTestClass().getAnnotation(WithBaton.class).value();
        return context.getRoot()
                .getStore(STORE)
                .computeIfAbsent(Current.class, type -> new Current(), Current.class)
                .of(setup);
    }

    /** The one that runs now. JUnit closes it after the last class. */
    private static final class Current implements AutoCloseable {
        private @Nullable Setup setup;
        private @Nullable RunningBaton baton;

        RunningBaton of(Setup wanted) {
            if (baton != null && setup == wanted) {
                return baton;
            }
            close();
            RunningBaton started = RunningBaton.start(wanted);
            setup = wanted;
            baton = started;
            return started;
        }

        @Override
        public void close() {
            if (baton != null) {
                baton.close();
                baton = null;
            }
        }
    }

    @Override
    public void afterEach(ExtensionContext context) {
        RunningBaton baton = baton(context);
        baton.awaitIdle(SETTLES_WITHIN);
        // A prefill worker hears after the answer's end that it need not keep the prompt.
        await().atMost(SETTLES_WITHIN).untilAsserted(() -> {
            List<RunningBaton.Pool> pools = baton.pools();
            assertThat(pools).as("workers that live").isNotEmpty().allSatisfy(pool -> {
                assertThat(pool.integrity()).as("%s", pool).isEqualTo("clean");
                assertThat(pool.free()).as("%s", pool).isEqualTo(pool.blocks() - pool.cached());
            });
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
