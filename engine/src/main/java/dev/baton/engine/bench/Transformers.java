package dev.baton.engine.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** transformers in PyTorch on a GPU through {@code tools/rivals/transformers_gpu.py}: one start measures all cells. */
record Transformers(RivalsFolder folder) implements RivalProgram {
    @Override
    public String name() {
        return "transformers";
    }

    @Override
    public List<Child> starts(Heat heat) {
        List<String> command = new ArrayList<>(List.of(
                folder.torchPython().toString(),
                folder.transformersScript().toString(),
                folder.checkpoint(heat.shape()).orElseThrow().toString()));
        heat.cells().forEach(cell -> command.add(cell.toString()));
        return List.of(new Child(command, Map.of()));
    }

    @Override
    public Optional<Rate> figure(JsonNode printed) {
        return Rate.of(printed);
    }
}
