package dev.baton.tokenizer.template;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A macro with the names around its definition; calling it gives the text of its body. */
final class Macro implements Callable {
    private final Stmt.MacroBody body;
    private final Scope definedIn;
    private final Renderer renderer;

    Macro(Stmt.MacroBody body, Scope definedIn, Renderer renderer) {
        this.body = body;
        this.definedIn = definedIn;
        this.renderer = renderer;
    }

    String name() {
        return body.name();
    }

    @Override
    public Object call(Arguments args) {
        Scope scope = new Scope(definedIn);
        Map<String, Object> named = new LinkedHashMap<>(args.named());
        List<Stmt.Parameter> parameters = body.parameters();
        Set<String> taken = new HashSet<>();
        for (int i = 0; i < parameters.size(); i++) {
            Stmt.Parameter parameter = parameters.get(i);
            taken.add(parameter.name());
            Object value = i < args.positional().size() ? args.positional().get(i) : named.remove(parameter.name());
            scope.set(parameter.name(), value != null ? value : otherwise(parameter, scope));
        }
        if (body.names().contains("caller") && !taken.contains("caller")) {
            Object caller = named.remove("caller");
            scope.set("caller", caller != null ? caller : new Undefined("No caller defined"));
        }
        bindRest(args, named, scope);
        return renderer.text(body.body(), scope);
    }

    private Object otherwise(Stmt.Parameter parameter, Scope scope) {
        return parameter.otherwise() == null
                ? new Undefined("parameter '" + parameter.name() + "' was not provided")
                : renderer.evaluate(parameter.otherwise(), scope);
    }

    private void bindRest(Arguments args, Map<String, Object> named, Scope scope) {
        if (body.names().contains("kwargs")) {
            scope.set("kwargs", new LinkedHashMap<Object, Object>(named));
        } else if (!named.isEmpty()) {
            throw new TemplateError("macro '" + body.name() + "' takes no keyword argument '"
                    + named.keySet().iterator().next() + "'");
        }
        int count = body.parameters().size();
        if (body.names().contains("varargs")) {
            scope.set("varargs", new Tuple(args.without(count).positional()));
        } else if (args.positional().size() > count) {
            throw new TemplateError("macro '" + body.name() + "' takes not more than " + count + " argument(s)");
        }
    }
}
