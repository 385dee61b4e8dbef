package dev.baton.config;

import java.util.Collection;
import java.util.List;

/** Keys under {@code baton} that no role knows. */
public final class UnknownSettingException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<String> names;
    private final transient List<String> groups;

    UnknownSettingException(List<String> names, Collection<String> groups) {
        super("unknown settings: " + String.join(", ", names));
        this.names = names;
        this.groups = List.copyOf(groups);
    }

    List<String> names() {
        return names;
    }

    List<String> groups() {
        return groups;
    }
}
