package dev.baton.tokenizer;

import dev.baton.tokenizer.template.TemplateException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * The tokenizer and chat template of one model folder, giving the ids and texts that Hugging Face's give. All threads
 * may use one instance; whoever opened it closes it, after the last use.
 */
public final class ModelTokenizer implements AutoCloseable {
    private final PieceEncoder encoder;
    private final TokenTable table;
    private final ChatFormat chat;
    private final int[] stopIds;

    private ModelTokenizer(PieceEncoder encoder, TokenTable table, ChatFormat chat, int[] stopIds) {
        this.encoder = encoder;
        this.table = table;
        this.chat = chat;
        this.stopIds = stopIds;
    }

    /** As {@link #open(Path, Clock)}, with the system's clock and time zone for templates that ask for the date. */
    public static ModelTokenizer open(Path modelFolder) throws IOException {
        return open(modelFolder, Clock.systemDefaultZone());
    }

    /**
     * @param modelFolder has {@code tokenizer.json}; {@code tokenizer_config.json}, {@code chat_template.jinja} and
     *     {@code generation_config.json} are used when there
     * @throws IOException when a file is missing, is not what its name says, or needs what is not supported
     */
    public static ModelTokenizer open(Path modelFolder, Clock clock) throws IOException {
        TokenizerFolder folder = new TokenizerFolder(modelFolder);
        JsonNode json = folder.tokenizer();
        TokenTable table = folder.table(json);
        ChatFormat chat;
        try {
            chat = new ChatFormat(folder.chatTemplates(), folder.specialTokens(), clock);
        } catch (TemplateException e) {
            throw new IOException("The chat template in " + modelFolder + " cannot be used: " + e.getMessage(), e);
        }
        int[] stopIds = folder.stopIds(table);
        return new ModelTokenizer(PieceEncoder.open(folder.tokenizerJson(), json), table, chat, stopIds);
    }

    /** @param addSpecialTokens puts the tokens around the text that the model expects there, such as its first one */
    public int[] encode(String text, boolean addSpecialTokens) {
        return encode(text, addSpecialTokens, Integer.MAX_VALUE).ids();
    }

    /**
     * As {@link #encode(String, boolean)}, but stops beyond {@code limit} tokens: the memory that it takes follows the
     * tokens, not the text.
     *
     * @throws UncuttableTextException when the text has a run that cannot be encoded
     * @throws java.util.concurrent.CancellationException when the thread is interrupted
     */
    public TokenIds encode(String text, boolean addSpecialTokens, int limit) {
        return encoder.encode(text, addSpecialTokens, limit);
    }

    /** @throws TemplateException when the conversation cannot be rendered: the caller's fault */
    public int[] encodeChat(ChatPrompt prompt) {
        return encodeChat(prompt, Integer.MAX_VALUE).ids();
    }

    /**
     * As {@link #encodeChat(ChatPrompt)}, but stops beyond {@code limit} tokens.
     *
     * @throws TemplateException when the conversation cannot be rendered: the caller's fault
     * @throws UncuttableTextException as {@link #encode(String, boolean, int)}
     */
    public TokenIds encodeChat(ChatPrompt prompt, int limit) {
        return encode(renderChat(prompt), false, limit);
    }

    /** The text that the model is shown. */
    public String renderChat(ChatPrompt prompt) {
        return chat.render(prompt);
    }

    public boolean hasChatTemplate() {
        return chat.present();
    }

    /** The text of all tokens at once. */
    public String decode(int[] tokens, boolean skipSpecialTokens) {
        TextStream stream = textStream(skipSpecialTokens, false);
        StringBuilder text = new StringBuilder();
        for (int token : tokens) {
            text.append(stream.push(token));
        }
        return text.append(stream.flush()).toString();
    }

    /** The text of one answer as it comes, special tokens left out. */
    public TextStream textStream() {
        return textStream(true, false);
    }

    /**
     * @param continues the answer goes on in the midst of a text that the caller has: the space that some vocabularies
     *     drop at the start of a text is kept
     */
    public TextStream textStream(boolean skipSpecialTokens, boolean continues) {
        return table.decoder().byteLevel()
                ? new ByteTextStream(table, skipSpecialTokens)
                : new PieceTextStream(table, skipSpecialTokens, continues);
    }

    /** One more than the largest id. */
    public int vocabularySize() {
        return table.size();
    }

    /** Ids that end an answer, ascending; empty when the folder names none. */
    public int[] stopIds() {
        return stopIds.clone();
    }

    /** The id of a token by its exact spelling in the vocabulary, such as {@code <|im_end|>}. */
    public Optional<Integer> idOf(String token) {
        return Optional.ofNullable(table.id(token));
    }

    public boolean isSpecial(int token) {
        return table.isSpecial(token);
    }

    /** The bytes that the token adds to a text; they may be a part of a code point. */
    public byte[] tokenBytes(int token) {
        return table.has(token) ? table.bytes(token).clone() : new byte[0];
    }

    /** The token alone as text, U+FFFD for what is no whole code point. */
    public String tokenText(int token) {
        if (!table.has(token)) {
            return "";
        }
        Utf8Stream utf8 = new Utf8Stream();
        StringBuilder text = new StringBuilder();
        utf8.decode(table.bytes(token), text);
        utf8.finish(text);
        return text.toString();
    }

    @Override
    public void close() {
        encoder.close();
    }
}
