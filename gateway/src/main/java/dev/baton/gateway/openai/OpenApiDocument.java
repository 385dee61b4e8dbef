package dev.baton.gateway.openai;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Describes the routes in OpenAPI 3.1; their schemas are a resource. */
final class OpenApiDocument {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final String SCHEMAS = "schemas.json";

    private OpenApiDocument() {}

    static String of(List<Route> routes) {
        ObjectNode document = JSON.createObjectNode();
        document.put("openapi", "3.1.0");
        document.putObject("info")
                .put("title", "Baton")
                .put("version", "1")
                .put("description", "OpenAI's API over prefill and decode workers.");
        document.putArray("security").addObject().putArray("key");
        ObjectNode paths = document.putObject("paths");
        for (Route route : routes) {
            ObjectNode path =
                    paths.get(route.path()) instanceof ObjectNode known ? known : paths.putObject(route.path());
            describe(route, path.putObject(route.method().name().toLowerCase(Locale.ROOT)));
        }
        ObjectNode components = document.putObject("components");
        components.set("schemas", schemas());
        components
                .putObject("securitySchemes")
                .putObject("key")
                .put("type", "http")
                .put("scheme", "bearer");
        return JSON.writeValueAsString(document);
    }

    private static void describe(Route route, ObjectNode operation) {
        operation.put("operationId", operationId(route));
        operation.put("summary", route.summary());
        if (route.hasParameter()) {
            operation
                    .putArray("parameters")
                    .addObject()
                    .put("name", route.parameter())
                    .put("in", "path")
                    .put("required", true)
                    .putObject("schema")
                    .put("type", "string");
        }
        if (!route.request().isEmpty()) {
            ObjectNode body = operation.putObject("requestBody").put("required", true);
            refer(body, "application/json", route.request());
        }
        ObjectNode responses = operation.putObject("responses");
        ObjectNode done =
                responses.putObject("200").put("description", "The answer; a stream of events where it is asked for.");
        refer(done, "application/json", route.response());
        ObjectNode refused = responses.putObject("default").put("description", "Refused, or failed.");
        refer(refused, "application/json", "Error");
    }

    private static void refer(ObjectNode to, String type, String schema) {
        to.putObject("content").putObject(type).putObject("schema").put("$ref", "#/components/schemas/" + schema);
    }

    private static String operationId(Route route) {
        return route.operation().replaceFirst("/v1", "").replaceAll("[^A-Za-z]+", "_")
                + (route.hasParameter() ? "_" + route.parameter() : "");
    }

    private static ObjectNode schemas() {
        try (InputStream in = Objects.requireNonNull(OpenApiDocument.class.getResourceAsStream(SCHEMAS), SCHEMAS)) {
            return (ObjectNode) JSON.readTree(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
