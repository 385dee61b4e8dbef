package dev.baton.cli.hub;

import dev.baton.cli.host.CliException;
import dev.baton.cli.hub.Listing.RepoFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Models by name: fetched when they are not in the cache, and served from there. */
public final class Hub {
    private static final Duration SILENCE = Duration.ofSeconds(60);

    private final HubSettings settings;
    private final HubCache cache;
    private final HubClient client;
    private final Patience.Pause pause;
    private final Progress progress;

    public Hub(HubSettings settings, Progress progress) {
        this(settings, progress, SILENCE, Thread::sleep);
    }

    Hub(HubSettings settings, Progress progress, Duration silence, Patience.Pause pause) {
        this.settings = settings;
        this.cache = new HubCache(settings.cache());
        this.client = new HubClient(settings, silence);
        this.progress = progress;
        this.pause = pause;
    }

    /** One model in the cache. */
    public record Cached(ModelName model, long bytes, boolean complete) {}

    /**
     * The folder, or the GGUF file, of a model that is complete and checked. Another fetch of the same model is waited for,
     * and nothing is fetched twice.
     *
     * @throws CliException when it cannot be had, with what to do
     */
    public Path fetch(ModelName model) {
        try {
            Optional<Path> here = settings.offline() || model.pinned() ? cache.complete(model) : Optional.empty();
            if (here.isPresent()) {
                return here.get();
            }
            if (settings.offline()) {
                throw new CliException("%s is not complete in %s, and HF_HUB_OFFLINE forbids to fetch it: unset that"
                        .formatted(model, settings.cache()));
            }
            return cache.alone(
                    model,
                    () -> progress.says("Another fetch of %s is under way: waiting for it".formatted(model)),
                    () -> fetchAlone(model));
        } catch (IOException e) {
            throw new CliException("%s cannot be fetched into %s: %s".formatted(model, settings.cache(), e), e);
        }
    }

    private Path fetchAlone(ModelName model) throws IOException {
        Listing listing;
        Optional<Path> before = cache.complete(model);
        if (model.pinned() && before.isPresent()) {
            return before.get();
        }
        try {
            listing = listing(model, before.isPresent());
        } catch (IOException e) {
            Path known = before.orElseThrow(() -> new CliException(
                    "%s is not in %s and %s cannot be reached (%s): check the network and HF_ENDPOINT"
                            .formatted(model, settings.cache(), settings.endpoint(), Patience.said(e)),
                    e));
            progress.says("%s cannot be reached: serving %s as it was fetched".formatted(settings.endpoint(), model));
            return known;
        }
        FileChoice choice = FileChoice.of(model, listing.names());
        List<RepoFile> first = choice.files().stream()
                .map(name -> listing.file(name).orElseThrow())
                .toList();
        fetchAll(model, listing, first);
        if (choice.files().contains(FileChoice.INDEX)) {
            Path index = cache.snapshot(model, listing.commit()).resolve(FileChoice.INDEX);
            fetchAll(
                    model,
                    listing,
                    HubCache.shards(index).stream()
                            .map(name -> listing.file(name)
                                    .orElseThrow(() -> new CliException("%s names %s, which %s does not hold"
                                            .formatted(FileChoice.INDEX, name, model))))
                            .toList());
        }
        cache.record(model, listing.commit());
        return cache.complete(model)
                .orElseThrow(
                        () -> new CliException("%s was fetched and is not complete in %s: is another program at it?"
                                .formatted(model, settings.cache())));
    }

    /** @param once whether the cache can stand in, so that an unreachable hub is asked only once */
    private Listing listing(ModelName model, boolean once) throws IOException {
        Patience patience = new Patience(pause, progress);
        while (true) {
            try {
                return client.listing(model);
            } catch (IOException e) {
                if (once || !(e instanceof HubException)) {
                    throw e;
                }
                patience.failed(model.toString(), e);
            }
        }
    }

    private void fetchAll(ModelName model, Listing listing, List<RepoFile> files) throws IOException {
        checkRoom(model, files);
        for (RepoFile file : files) {
            Path blob = cache.blob(model, file.digest());
            new Download(client, model, listing.commit(), file, blob, new Patience(pause, progress), progress).run();
            cache.link(model, listing.commit(), file);
        }
    }

    private void checkRoom(ModelName model, List<RepoFile> files) throws IOException {
        long wanted = 0;
        for (RepoFile file : files) {
            Path blob = cache.blob(model, file.digest());
            wanted += Files.isRegularFile(blob) ? 0 : file.bytes();
        }
        Files.createDirectories(settings.cache());
        long free = Files.getFileStore(settings.cache()).getUsableSpace();
        if (wanted > free) {
            throw new CliException("%s takes %d MiB and %s has %d MiB free: make room, or set HF_HOME to another disk"
                    .formatted(model, wanted >> 20, settings.cache(), free >> 20));
        }
    }

    /** What the cache holds, by name and revision. */
    public List<Cached> list() {
        try {
            List<Cached> all = new java.util.ArrayList<>();
            for (ModelName model : cache.models()) {
                List<String> revisions = cache.revisions(model);
                for (String revision : revisions.isEmpty() ? List.of("main") : revisions) {
                    ModelName named = new ModelName(model.owner(), model.name(), revision, Optional.empty());
                    all.add(new Cached(named, cache.bytes(model), cache.holdsAModel(named)));
                }
            }
            return List.copyOf(all);
        } catch (IOException e) {
            throw new CliException("%s cannot be read: %s".formatted(settings.cache(), e), e);
        }
    }

    /**
     * Takes a model, all its revisions, out of the cache.
     *
     * @return bytes that became free
     */
    public long remove(ModelName model) {
        try {
            if (!Files.isDirectory(cache.folder(model))) {
                throw new CliException("%s is not in %s: see ./baton models".formatted(model.id(), settings.cache()));
            }
            return cache.alone(
                    model, () -> progress.says("A fetch of %s is under way: waiting for it".formatted(model)), () -> {
                        long bytes = cache.bytes(model);
                        cache.remove(model);
                        return bytes;
                    });
        } catch (IOException e) {
            throw new CliException("%s cannot be removed: %s".formatted(model.id(), e), e);
        }
    }
}
