package dev.baton.cli.up;

import dev.baton.cli.host.CliException;
import dev.baton.stack.Login;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * What the parts of one stack ask each other for: random, new at each start, kept in a file that only its owner
 * reads, and handed to the roles in their environment, never on a command line. Does not show what it holds.
 *
 * @param secret the cluster's
 * @param redisPassword of Redis' default user
 * @param kafka for clients and the broker itself
 */
record StackCredentials(String secret, String redisPassword, Login kafka) {
    private static final String KAFKA_USER = "baton";

    static StackCredentials random() {
        return new StackCredentials(
                Login.randomPassword(), Login.randomPassword(), new Login(KAFKA_USER, Login.randomPassword()));
    }

    /** Writes them down for people and their tools, in place of what an earlier stack has left. */
    void writeTo(Path file) {
        String text = """
            # Of the stack that ./baton up runs here; new at each start.
            cluster.secret=%s
            redis.password=%s
            kafka.user=%s
            kafka.password=%s
            """.formatted(secret, redisPassword, kafka.user(), kafka.password());
        try {
            Files.createDirectories(file.getParent());
            Files.deleteIfExists(file);
            if (Files.getFileStore(file.getParent()).supportsFileAttributeView("posix")) {
                Files.createFile(
                        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            }
            Files.writeString(file, text, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new CliException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    @Override
    public String toString() {
        return "StackCredentials[not shown]";
    }
}
