package dev.baton.bench.engine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** OpenVINO GenAI through {@code tools/rivals/openvino_bench.py}: one start measures all cells. */
record OpenVino(RivalsFolder folder) implements ExternalProgram {
    @Override
    public String name() {
        return "OpenVINO";
    }

    @Override
    public Path executable() {
        return folder.openVinoPython();
    }

    @Override
    public List<Child> starts(BenchRun heat) {
        List<String> command = new ArrayList<>(List.of(
                executable().toString(),
                folder.openVinoScript().toString(),
                folder.gguf(heat.shape(), heat.weights().openVino).toString(),
                Integer.toString(heat.threads())));
        heat.cells().forEach(cell -> command.add(cell.toString()));
        return List.of(new Child(command, Map.of("OMP_NUM_THREADS", Integer.toString(heat.threads()))));
    }
}
