package dev.baton.protocol;

import dev.baton.protocol.v1.RequestTags;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** How much may follow a request for people to see. */
public final class TagLimits {
    /** Bytes of a tag in UTF-8. */
    public static final int MOST_BYTES = 64;

    private static final Pattern TRACEPARENT =
            Pattern.compile("(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}");

    private TagLimits() {}

    public static boolean hold(RequestTags tags) {
        return bytes(tags.getTenantClass()) <= MOST_BYTES && bytes(tags.getTraceparent()) <= MOST_BYTES;
    }

    private static int bytes(String tag) {
        return tag.getBytes(StandardCharsets.UTF_8).length;
    }

    /** A traceparent header as it came from a client; empty when there is none or it is no W3C Trace Context. */
    public static String traceparent(@Nullable String header) {
        return header != null && TRACEPARENT.matcher(header).matches() ? header : "";
    }
}
