package dev.baton.cli.up;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * One JVM of the stack that is ours: its command, its log, and the management port that says when it is ready.
 *
 * @param name "gateway", "prefill-0", …: also the name of the log file and the worker's id
 */
record Part(String name, List<String> command, Map<String, String> environment, Path log, int managementPort) {}
