package dev.baton.bench.engine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** transformers in PyTorch on a GPU through {@code tools/rivals/transformers_gpu.py}: one start measures all cells. */
record Transformers(RivalsFolder folder) implements ExternalProgram {
    @Override
    public String name() {
        return "transformers";
    }

    @Override
    public Path executable() {
        return folder.torchPython();
    }

    @Override
    public List<Child> starts(BenchRun heat) {
        List<String> command = new ArrayList<>(List.of(
                executable().toString(),
                folder.transformersScript().toString(),
                folder.checkpoint(heat.shape()).orElseThrow().toString()));
        heat.cells().forEach(cell -> command.add(cell.toString()));
        return List.of(new Child(command, Map.of()));
    }
}
