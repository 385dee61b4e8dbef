package dev.baton.cli.hub;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a model holds at one commit.
 *
 * @param commit 40 hexadecimal digits
 */
record Listing(String commit, List<RepoFile> files) {
    Listing {
        files = List.copyOf(files);
    }

    Optional<RepoFile> file(String name) {
        return files.stream().filter(file -> file.name().equals(name)).findFirst();
    }

    Set<String> names() {
        return files.stream().map(RepoFile::name).collect(Collectors.toUnmodifiableSet());
    }

    /**
     * One file.
     *
     * @param name its path in the model
     * @param bytes its size
     */
    record RepoFile(String name, long bytes, Digest digest) {}

    /**
     * How a file's content is known, which names its blob in the cache.
     *
     * @param hex lower case
     */
    record Digest(Kind kind, String hex) {
        /** Large files have a SHA-256 of the content, small ones git's SHA-1 of a blob. */
        enum Kind {
            SHA256,
            GIT_BLOB
        }
    }
}
