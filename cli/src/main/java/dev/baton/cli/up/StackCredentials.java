package dev.baton.cli.up;

import dev.baton.cli.host.CliException;
import dev.baton.stack.Login;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/**
 * What the parts of one stack ask each other for: random, new at each start, kept in a file that only its owner
 * reads, and handed to the roles in their environment, never on a command line. Does not show what it holds.
 *
 * @param secret the cluster's
 * @param redisPassword of Redis' default user
 * @param kafka for clients and the broker itself
 * @param operatorKey of the management ports, with the role operate
 */
record StackCredentials(String secret, String redisPassword, Login kafka, String operatorKey) {
    private static final String KAFKA_USER = "baton";
    private static final String OPERATOR_KEY = "operator.key=";

    static StackCredentials random() {
        return new StackCredentials(
                Login.randomPassword(),
                Login.randomPassword(),
                new Login(KAFKA_USER, Login.randomPassword()),
                Login.randomPassword());
    }

    /** Writes them down for people and their tools, in place of what an earlier stack has left. */
    void writeTo(Path file) {
        String text = """
            # Of the stack that ./baton up runs here; new at each start.
            cluster.secret=%s
            redis.password=%s
            kafka.user=%s
            kafka.password=%s
            %s%s
            """.formatted(secret, redisPassword, kafka.user(), kafka.password(), OPERATOR_KEY, operatorKey);
        writePrivately(file, text);
    }

    /** Writes what the roles check operators by: the hash of the key. */
    void writeOperatorsTo(Path file) {
        writePrivately(file, "# The operator of the stack that ./baton up runs here.\nlocal:operate:" + hash() + "\n");
    }

    /** The operator's key in a file of credentials; empty when there is none. */
    static Optional<String> operatorKey(Path file) {
        try {
            return Files.isReadable(file)
                    ? Files.readAllLines(file).stream()
                            .filter(line -> line.startsWith(OPERATOR_KEY))
                            .map(line -> line.substring(OPERATOR_KEY.length()))
                            .findFirst()
                    : Optional.empty();
        } catch (IOException e) {
            throw new CliException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private String hash() {
        try {
            return HexFormat.of()
                    .formatHex(
                            MessageDigest.getInstance("SHA-256").digest(operatorKey.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static void writePrivately(Path file, String text) {
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
