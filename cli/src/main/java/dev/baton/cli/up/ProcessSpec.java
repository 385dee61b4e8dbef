package dev.baton.cli.up;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * How to start one role of the stack: command, environment, log, and the management port of its readiness probe.
 *
 * @param name "gateway", "prefill-0", …: also the name of the log file and the worker's id
 */
record ProcessSpec(String name, List<String> command, Map<String, String> environment, Path log, int managementPort) {}
