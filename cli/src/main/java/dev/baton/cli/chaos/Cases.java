package dev.baton.cli.chaos;

import dev.baton.cli.bench.Prompts;
import dev.baton.cli.bench.TimedStream;
import dev.baton.cli.client.GatewayClient;
import dev.baton.cli.host.CliException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.random.RandomGenerator;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Chats, half of them greedy and half sampled with a seed, each with the answer that it gets when nothing disturbs it. */
final class Cases {
    private static final int SHORTEST_PROMPT = 8;
    private static final int LONGEST_PROMPT = 200;
    private static final int SHORTEST_ANSWER = 20;
    private static final int LONGEST_ANSWER = 300;

    private final List<Case> all;

    /** @param undisturbed its answer on a stack without faults */
    record Case(ObjectNode chat, TimedStream undisturbed) {}

    private Cases(List<Case> all) {
        this.all = List.copyOf(all);
    }

    /** Asks each chat once, and keeps the answers. */
    static Cases undisturbed(GatewayClient gateway, String model, int count, RandomGenerator random) {
        Prompts prompts = new Prompts(random.nextLong());
        List<Case> cases = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < count; i++) {
                int words = random.nextInt(SHORTEST_PROMPT, LONGEST_PROMPT);
                ObjectNode chat = chat(model, prompts.text(words), random.nextInt(SHORTEST_ANSWER, LONGEST_ANSWER));
                if (i % 2 == 1) {
                    chat.put("temperature", 1).put("seed", random.nextInt());
                }
                Case one = new Case(chat, new TimedStream());
                cases.add(one);
                threads.execute(() -> one.undisturbed.ask(gateway, chat.deepCopy()));
            }
        }
        for (Case one : cases) {
            if (one.undisturbed.failure() != null) {
                throw new CliException("an answer without faults failed: " + one.undisturbed.failure());
            }
        }
        return new Cases(cases);
    }

    /** Greedy, of exactly that many tokens. */
    static ObjectNode chat(String model, String text, int tokens) {
        ObjectNode chat = JsonMapper.shared().createObjectNode();
        chat.put("model", model).put("max_tokens", tokens).put("temperature", 0).put("ignore_eos", true);
        chat.putArray("messages").addObject().put("role", "user").put("content", text);
        return chat;
    }

    Case any(RandomGenerator random) {
        return all.get(random.nextInt(all.size()));
    }
}
