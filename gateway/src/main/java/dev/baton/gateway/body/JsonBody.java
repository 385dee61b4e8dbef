package dev.baton.gateway.body;

import dev.baton.gateway.json.JsonPart;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import org.jspecify.annotations.Nullable;

/** A long JSON document. */
public final class JsonBody extends PacedBody {
    /** Characters that are made at once. */
    public static final int PIECE = 32 * 1024;

    private final JsonPart rest;
    private @Nullable StringBuilder begun;
    private volatile boolean exhausted;

    /** @param begun what was taken of {@code rest} already */
    public JsonBody(ConnectionHandle connection, StringBuilder begun, JsonPart rest) {
        super(connection);
        this.begun = begun;
        this.rest = rest;
    }

    @Override
    protected ByteBuf next() {
        StringBuilder piece = begun;
        begun = null;
        if (piece == null) {
            piece = new StringBuilder(PIECE + PIECE / 4);
            exhausted = rest.write(piece, PIECE);
        }
        return ByteBufUtil.writeUtf8(connection().allocator(), piece);
    }

    @Override
    protected boolean waiting() {
        return !exhausted;
    }

    @Override
    protected boolean exhausted() {
        return exhausted;
    }

    @Override
    protected void abandoned() {
        // Its text is held by the request, which ends with its connection.
    }
}
