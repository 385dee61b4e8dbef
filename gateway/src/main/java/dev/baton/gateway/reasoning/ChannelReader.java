package dev.baton.gateway.reasoning;

import dev.baton.tokenizer.ModelTokenizer;

/** Reads messages of channels. What stands between a message's start and its text is a head, which nobody is shown. */
final class ChannelReader implements ReasoningReader {
    private static final int LONGEST_NAME = 32;

    private final Sink sink;
    private final int channel;
    private final int message;
    private final int start;
    private final int end;
    private final StringBuilder name = new StringBuilder();
    private boolean inHead;
    private boolean naming;
    private boolean reasoning;

    ChannelReader(ModelTokenizer tokenizer, Sink sink) {
        this.sink = sink;
        this.channel = tokenizer.idOf(ReasoningChannels.CHANNEL).orElse(NO_TOKEN);
        this.message = tokenizer.idOf(ReasoningChannels.MESSAGE).orElse(NO_TOKEN);
        this.start = tokenizer.idOf(ReasoningChannels.START).orElse(NO_TOKEN);
        this.end = tokenizer.idOf(ReasoningChannels.END).orElse(NO_TOKEN);
    }

    @Override
    public boolean reasons() {
        return reasoning;
    }

    @Override
    public void read(int token, String piece) {
        if (token == NO_TOKEN) {
            say(NO_TOKEN, piece);
        } else if (token == channel || token == start) {
            inHead = true;
            naming = token == channel;
            name.setLength(0);
        } else if (token == message) {
            inHead = false;
            naming = false;
            reasoning = name.toString().startsWith(ReasoningChannels.REASONING);
        } else if (token == end) {
            // The next message says where it belongs.
            inHead = true;
            naming = false;
        } else if (inHead) {
            if (naming && name.length() < LONGEST_NAME) {
                name.append(piece);
            }
        } else {
            say(token, piece);
        }
    }

    private void say(int token, String piece) {
        if (!reasoning) {
            sink.answer(token, piece);
        } else if (!piece.isEmpty()) {
            sink.reasoning(piece);
        }
    }

    @Override
    public void end(String tail) {
        say(NO_TOKEN, inHead ? "" : tail);
    }
}
