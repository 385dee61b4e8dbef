package dev.baton.worker;

import dev.baton.engine.EngineCommand;
import dev.baton.kv.BlockHash;
import dev.baton.kv.BlockLedger;
import dev.baton.kv.KvDigest;
import dev.baton.transfer.NamedBlocks;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * The engine's cached blocks, held for other workers.
 *
 * @param commands to the engine, none of which gets lost
 * @param ledger where digests are stored beside the blocks
 */
record EngineBlocks(Consumer<EngineCommand> commands, BlockLedger ledger, AtomicLong holds) implements NamedBlocks {
    EngineBlocks(Consumer<EngineCommand> commands, BlockLedger ledger) {
        this(commands, ledger, new AtomicLong());
    }

    @Override
    public CompletableFuture<Held> hold(List<BlockHash> names) {
        String holder = "fetch-" + holds.incrementAndGet();
        CompletableFuture<Held> held = new CompletableFuture<>();
        commands.accept(
                new EngineCommand.Hold(holder, names, blocks -> held.complete(new InEngine(this, holder, blocks))));
        return held;
    }

    private record InEngine(EngineBlocks owner, String holder, int[] blocks) implements Held {
        @Override
        public Optional<KvDigest> digest(int block, int layer) {
            return owner.ledger.digest(block, layer);
        }

        @Override
        public void letGo() {
            owner.commands.accept(new EngineCommand.LetGo(holder));
        }
    }
}
