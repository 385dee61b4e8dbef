package dev.baton.cli.hub;

import dev.baton.cli.host.CliException;
import dev.baton.cli.hub.HubClient.Answer;
import dev.baton.cli.hub.Listing.Digest;
import dev.baton.cli.hub.Listing.RepoFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One file on its way into the cache. What has come lies beside its place, under a name of its own, and the next try goes on
 * after it; it gets its name only when size and digest are right.
 */
final class Download {
    private static final int BUFFER = 1 << 16;
    private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");

    private final HubClient hub;
    private final ModelName model;
    private final String commit;
    private final RepoFile file;
    private final Path blob;
    private final Path part;
    private final Patience patience;
    private final Progress progress;

    Download(
            HubClient hub,
            ModelName model,
            String commit,
            RepoFile file,
            Path blob,
            Patience patience,
            Progress progress) {
        this.hub = hub;
        this.model = model;
        this.commit = commit;
        this.file = file;
        this.blob = blob;
        this.part = blob.resolveSibling(file.digest().hex() + ".baton-part");
        this.patience = patience;
        this.progress = progress;
    }

    /**
     * Returns when the blob is there.
     *
     * @throws CliException when it cannot be had, or is not what the hub's list says
     */
    void run() throws IOException {
        if (Files.isRegularFile(blob) && Files.size(blob) == file.bytes()) {
            return;
        }
        Files.createDirectories(blob.getParent());
        boolean resumed = Files.exists(part);
        while (true) {
            String found = fetched();
            if (found.equals(file.digest().hex())) {
                Files.move(part, blob, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                progress.done(file.name(), file.bytes());
                return;
            }
            Files.delete(part);
            if (!resumed) {
                throw new CliException(
                        "%s of %s came with the digest %s, the hub lists %s: it changed under way or was damaged; run it again"
                                .formatted(
                                        file.name(), model, found, file.digest().hex()));
            }
            progress.says(
                    "%s: what lay here from an earlier fetch does not fit; fetching it again".formatted(file.name()));
            resumed = false;
        }
    }

    /** Digest of the whole file, once all its bytes are here. */
    private String fetched() throws IOException {
        MessageDigest digest = start();
        try (FileChannel to =
                FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            if (to.size() > file.bytes()) {
                to.truncate(0);
            }
            long have = read(to, digest);
            while (have < file.bytes()) {
                long before = have;
                try (Answer answer = hub.file(model, commit, file.name(), have)) {
                    if (begins(answer) != have) {
                        to.truncate(0);
                        digest = start();
                        have = 0;
                        before = 0;
                    }
                    have = copy(answer.body(), to, digest, have);
                    if (have < file.bytes()) {
                        throw new IOException(
                                "the connection ended after %d of %d bytes".formatted(have, file.bytes()));
                    }
                } catch (IOException e) {
                    have = to.size();
                    if (have > before) {
                        patience.gotFurther();
                    }
                    patience.failed(file.name(), e);
                }
            }
            to.force(true);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** The byte at which an answer begins, which is of a file of the right size. */
    private long begins(Answer answer) throws IOException {
        long from = 0;
        long size = answer.connection().getContentLengthLong();
        if (answer.status() == 206) {
            Matcher range = CONTENT_RANGE.matcher(answer.header("Content-Range").orElse(""));
            if (!range.matches()) {
                throw new IOException("a part of the file came without saying which");
            }
            from = Long.parseLong(range.group(1));
            size = Long.parseLong(range.group(3));
        }
        if (size >= 0 && size != file.bytes()) {
            throw new CliException(
                    "%s of %s has %d bytes at the hub, which lists %d: it changed under way; run it again"
                            .formatted(file.name(), model, size, file.bytes()));
        }
        return from;
    }

    private long copy(InputStream body, FileChannel to, MessageDigest digest, long from) throws IOException {
        byte[] buffer = new byte[BUFFER];
        long at = from;
        while (true) {
            int count = body.read(buffer, 0, (int) Math.clamp(file.bytes() - at, 1, BUFFER));
            if (count < 0) {
                return at;
            }
            if (at + count > file.bytes()) {
                throw new CliException("%s of %s goes on after the %d bytes that the hub lists: it is not fetched"
                        .formatted(file.name(), model, file.bytes()));
            }
            ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, count);
            long written = at;
            while (bytes.hasRemaining()) {
                written += to.write(bytes, written);
            }
            digest.update(buffer, 0, count);
            at = written;
            progress.fetched(file.name(), at, file.bytes());
        }
    }

    /** Takes what lies here into the digest; returns how much that is. */
    private static long read(FileChannel part, MessageDigest digest) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
        long at = 0;
        while (true) {
            int count = part.read(buffer.clear(), at);
            if (count < 0) {
                return at;
            }
            digest.update(buffer.flip());
            at += count;
        }
    }

    private MessageDigest start() {
        try {
            if (file.digest().kind() == Digest.Kind.SHA256) {
                return MessageDigest.getInstance("SHA-256");
            }
            MessageDigest git = MessageDigest.getInstance("SHA-1");
            git.update(("blob " + file.bytes() + "\0").getBytes(StandardCharsets.US_ASCII));
            return git;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has it", e);
        }
    }
}
