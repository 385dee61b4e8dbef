package dev.baton.cli.up;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Reads a text file that another process is still writing, UTF-8, without splitting a character. */
final class GrowingText implements AutoCloseable {
    private static final int BYTES = 1 << 16;

    private final FileChannel file;
    private final ByteBuffer bytes = ByteBuffer.allocate(BYTES);
    private final CharBuffer chars = CharBuffer.allocate(BYTES);
    private final CharsetDecoder decoder = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);

    /** @param last how many bytes before its present end to begin at; the start when it has fewer */
    GrowingText(Path path, long last) throws IOException {
        file = FileChannel.open(path);
        file.position(Math.max(0, file.size() - last));
    }

    /** What has come since the last call, a part of it when it is long; empty when nothing has. Begins again in a file that was cut. */
    String more() throws IOException {
        if (file.size() < file.position()) {
            file.position(0);
        }
        file.read(bytes);
        decoder.decode(bytes.flip(), chars, false);
        bytes.compact();
        String text = chars.flip().toString();
        chars.clear();
        return text;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
