package dev.baton.cli.hub;

import dev.baton.cli.host.CliException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The cache's folders, as other tools lay them out: {@code models--org--name} with the content in {@code blobs}, under the
 * name of its digest, what a branch stands at in {@code refs}, and in {@code snapshots} a folder of links for each commit.
 */
final class HubCache {
    private static final Duration LONGEST_WAIT = Duration.ofHours(6);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(200);
    private static final long MAX_INDEX_BYTES = 32 << 20;
    private static final JsonMapper JSON = new JsonMapper();
    /** A file lock belongs to the process, so threads of one process need another. */
    private static final Map<Path, ReentrantLock> IN_PROCESS = new ConcurrentHashMap<>();

    private final Path root;

    HubCache(Path root) {
        this.root = root;
    }

    Path folder(ModelName model) {
        return root.resolve("models--" + model.owner() + "--" + model.name());
    }

    Path blob(ModelName model, Listing.Digest digest) {
        return folder(model).resolve("blobs").resolve(digest.hex());
    }

    Path snapshot(ModelName model, String commit) {
        return folder(model).resolve("snapshots").resolve(commit);
    }

    /** The commit that the revision stood at when it was last fetched. */
    Optional<String> commit(ModelName model) throws IOException {
        if (model.pinned()) {
            return Optional.of(model.revision());
        }
        Path ref = folder(model).resolve("refs").resolve(model.revision());
        if (!Files.isRegularFile(ref) || Files.size(ref) > 100) {
            return Optional.empty();
        }
        return Optional.of(Files.readString(ref).strip()).filter(ModelName::isCommit);
    }

    void record(ModelName model, String commit) throws IOException {
        if (!model.pinned()) {
            Path ref = folder(model).resolve("refs").resolve(model.revision());
            Files.createDirectories(ref.getParent());
            Path written = Files.createTempFile(ref.getParent(), "ref", ".part");
            Files.writeString(written, commit);
            Files.move(written, ref, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Makes the blob appear under its name in the snapshot: a link, or where there are none, a second name or a copy. */
    void link(ModelName model, String commit, Listing.RepoFile file) throws IOException {
        Path snapshot = snapshot(model, commit);
        Path name = snapshot.resolve(file.name());
        Path blob = blob(model, file.digest());
        Files.createDirectories(snapshot);
        Files.deleteIfExists(name);
        try {
            Files.createSymbolicLink(name, snapshot.relativize(blob));
        } catch (UnsupportedOperationException | FileAlreadyExistsException e) {
            Files.copy(blob, name, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /**
     * The model as it is served, when all of it is here: a folder, or one GGUF file.
     *
     * @throws CliException when a file in the snapshot leads out of the model's folder in the cache
     */
    Optional<Path> complete(ModelName model) throws IOException {
        Optional<String> commit = commit(model);
        if (commit.isEmpty() || !Files.isDirectory(snapshot(model, commit.get()))) {
            return Optional.empty();
        }
        Path snapshot = snapshot(model, commit.get());
        List<String> names = names(snapshot);
        FileChoice choice;
        try {
            choice = FileChoice.of(model, names);
        } catch (CliException e) {
            return Optional.empty(); // Not all of it is here: the hub knows whether there is more.
        }
        List<String> files = new ArrayList<>(choice.files());
        if (files.contains(FileChoice.INDEX)) {
            files.addAll(shards(snapshot.resolve(FileChoice.INDEX)));
        }
        Path own = folder(model).toRealPath();
        for (String file : files) {
            Path path = snapshot.resolve(file);
            if (!Files.isRegularFile(path)) {
                return Optional.empty();
            }
            if (!path.toRealPath().startsWith(own)) {
                throw new CliException("%s leads out of the cache to %s: remove it, and fetch the model again"
                        .formatted(path, path.toRealPath()));
            }
        }
        return Optional.of(choice.gguf().map(snapshot::resolve).orElse(snapshot));
    }

    /** Whether something that could be served is complete: a checkpoint, or any GGUF file. */
    boolean holdsAModel(ModelName model) throws IOException {
        Optional<String> commit = commit(model);
        if (commit.isEmpty() || !Files.isDirectory(snapshot(model, commit.get()))) {
            return false;
        }
        return complete(model).isPresent()
                || names(snapshot(model, commit.get())).stream().anyMatch(name -> name.endsWith(".gguf"));
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    /** The files that an index names, none twice. */
    static List<String> shards(Path index) throws IOException {
        if (Files.size(index) > MAX_INDEX_BYTES) {
            throw new CliException("%s has more than %d bytes".formatted(index, MAX_INDEX_BYTES));
        }
        TreeSet<String> shards = new TreeSet<>();
        try (InputStream bytes = Files.newInputStream(index)) {
            for (JsonNode shard : JSON.readTree(bytes).path("weight_map")) {
                String name = shard.asString("");
                if (!FileChoice.isShard(name)) {
                    throw new CliException(
                            "%s names a file '%.100s' that is no plain *.safetensors: this model is not fetched"
                                    .formatted(FileChoice.INDEX, name));
                }
                shards.add(name);
            }
        } catch (JacksonException e) {
            throw new CliException("%s is not JSON: %s".formatted(index, e.getOriginalMessage()), e);
        }
        if (shards.isEmpty()) {
            throw new CliException("%s names no files: this model cannot be read".formatted(index));
        }
        return List.copyOf(shards);
    }

    /** Ids of all models of which something is here, sorted. */
    List<ModelName> models() throws IOException {
        if (!Files.isDirectory(root)) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(root)) {
            return folders.map(folder -> folder.getFileName().toString())
                    .filter(name -> name.matches("models--[^-].*--.*"))
                    .map(name -> name.substring("models--".length()).replaceFirst("--", "/"))
                    .sorted()
                    .map(ModelName::parse)
                    .toList();
        }
    }

    /** Revisions that were fetched by a name, sorted. */
    List<String> revisions(ModelName model) throws IOException {
        Path refs = folder(model).resolve("refs");
        if (!Files.isDirectory(refs)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(refs, 8)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> refs.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    /** Bytes that the model takes. */
    long bytes(ModelName model) throws IOException {
        try (Stream<Path> files = Files.walk(folder(model))) {
            return files.filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    /** Removes all that is here of a model. Links are removed, not followed. */
    void remove(ModelName model) throws IOException {
        try (Stream<Path> files = Files.walk(folder(model))) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /** Work that one at a time does for a model, among all processes of this machine. */
    interface Work<T> {
        T run() throws IOException;
    }

    /** @param waiting told once when another is at it */
    <T> T alone(ModelName model, Runnable waiting, Work<T> work) throws IOException {
        Path file = root.resolve(".locks")
                .resolve(folder(model).getFileName().toString())
                .resolve("baton.lock");
        Files.createDirectories(file.getParent());
        long deadline = System.nanoTime() + LONGEST_WAIT.toNanos();
        ReentrantLock mine = IN_PROCESS.computeIfAbsent(file, any -> new ReentrantLock());
        try {
            if (!mine.tryLock()) {
                waiting.run();
                if (!mine.tryLock(LONGEST_WAIT.toNanos(), TimeUnit.NANOSECONDS)) {
                    throw tooLong(model, file);
                }
            }
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = locked(model, channel, file, deadline, waiting)) {
                if (!lock.isValid()) {
                    throw new IOException(file + " could not be locked");
                }
                return work.run();
            } finally {
                mine.unlock();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted while another fetch of %s was under way".formatted(model), e);
        }
    }

    private static FileLock locked(ModelName model, FileChannel channel, Path file, long deadline, Runnable waiting)
            throws IOException, InterruptedException {
        boolean told = false;
        while (true) {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return lock;
            }
            if (!told) {
                waiting.run();
                told = true;
            }
            if (System.nanoTime() > deadline) {
                throw tooLong(model, file);
            }
            Thread.sleep(LOOK_AGAIN);
        }
    }

    private static CliException tooLong(ModelName model, Path file) {
        return new CliException("another process has held %s for more than %d hours while fetching %s: end it"
                .formatted(file, LONGEST_WAIT.toHours(), model));
    }
}
