package dev.baton.gateway.resume;

import org.springframework.context.annotation.Import;

/** The resumable answers as the gateway wires them, for tests of other packages. */
@Import(ResumeConfiguration.class)
public class ResumeWiring {}
