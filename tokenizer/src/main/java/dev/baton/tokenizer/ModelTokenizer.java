package dev.baton.tokenizer;

import dev.baton.tokenizer.template.ChatTemplate;
import dev.baton.tokenizer.template.RenderedText;
import dev.baton.tokenizer.template.TemplateException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * The tokenizer and chat template of one model, giving the ids and texts that Hugging Face's give. All threads
 * may use one instance; its opener closes it, after the last use.
 */
public final class ModelTokenizer implements AutoCloseable {
    private final PieceEncoder encoder;
    private final LiteralEncoder literal;
    private final ControlTokens control;
    private final TokenTable table;
    private final ChatFormat chat;
    private final int[] stopIds;
    private final TokenizerDigests digests;

    private ModelTokenizer(
            PieceEncoder encoder,
            LiteralEncoder literal,
            ControlTokens control,
            TokenTable table,
            ChatFormat chat,
            int[] stopIds,
            TokenizerDigests digests) {
        this.encoder = encoder;
        this.literal = literal;
        this.control = control;
        this.table = table;
        this.chat = chat;
        this.stopIds = stopIds;
        this.digests = digests;
    }

    /** As {@link #open(Path, Clock)}, with the system's clock and time zone for templates that ask for the date. */
    public static ModelTokenizer open(Path model) throws IOException {
        return open(model, Clock.systemDefaultZone());
    }

    /**
     * @param model a GGUF file, or a folder that has {@code tokenizer.json}; {@code tokenizer_config.json},
     *     {@code chat_template.jinja} and {@code generation_config.json} are used when there
     * @throws IOException when a file is missing, is not what its name says, or needs what is not supported
     */
    public static ModelTokenizer open(Path model, Clock clock) throws IOException {
        TokenizerFolder folder = new TokenizerFolder(model);
        JsonNode json = folder.tokenizer();
        TokenTable table = folder.table(json);
        ControlTokens control;
        ChatFormat chat;
        TokenizerDigests digests;
        try {
            Map<String, ChatTemplate> templates = folder.chatTemplates();
            control = ControlTokens.of(
                    json, token -> templates.values().stream().anyMatch(template -> template.mentions(token)));
            chat = new ChatFormat(templates, folder.specialTokens(), control, clock);
            digests = TokenizerDigests.of(json, templates, folder.specialTokens());
        } catch (TemplateException e) {
            throw new IOException("The chat template in " + model + " cannot be used: " + e.getMessage(), e);
        }
        int[] stopIds = folder.stopIds(table);
        PieceEncoder encoder = folder.encoder(json);
        try {
            LiteralEncoder literal = LiteralEncoder.open(json, control, encoder);
            return new ModelTokenizer(encoder, literal, control, table, chat, stopIds, digests);
        } catch (IOException | RuntimeException e) {
            encoder.close();
            throw e;
        }
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

    /**
     * A prompt as it is, special tokens where it spells them, with the tokens that the model expects around it; its first
     * one is not added where the prompt begins with it already.
     *
     * @throws UncuttableTextException as {@link #encode(String, boolean, int)}
     */
    public TokenIds encodePrompt(String text, int limit) {
        return encoder.framed(encoder.encode(text, false, limit));
    }

    /**
     * As {@link #encodeChat(ChatPrompt, SpecialTokensInText, int)}, to the end and with text as text.
     *
     * @throws TemplateException when the conversation cannot be rendered: the caller's fault
     */
    public int[] encodeChat(ChatPrompt prompt) {
        return encodeChat(prompt, SpecialTokensInText.TEXT, Integer.MAX_VALUE).ids();
    }

    /**
     * The tokens of a conversation; stops beyond {@code limit} of them.
     *
     * @throws TemplateException when the conversation cannot be rendered: the caller's fault
     * @throws SpecialTokenInTextException when the request spells a special token and may not
     * @throws UncuttableTextException as {@link #encode(String, boolean, int)}
     */
    public TokenIds encodeChat(ChatPrompt prompt, SpecialTokensInText spelled, int limit) {
        RenderedText text = chat.render(prompt);
        if (spelled == SpecialTokensInText.PARSE) {
            return encode(text.text(), false, limit);
        }
        ControlTokens.Match forged = control.firstRequested(text);
        if (forged == null && !literal.readsVariants()) {
            return encode(text.text(), false, limit);
        }
        if (forged != null && spelled == SpecialTokensInText.REFUSE) {
            String token = forged.token().spelling();
            throw SpecialTokenInTextException.refused(prompt.placeOf(token), token);
        }
        return literal.encode(text, limit).orElseThrow(() -> {
            String token = forged == null ? "of another form" : forged.token().spelling();
            return SpecialTokenInTextException.inseparable(prompt.placeOf(token), token);
        });
    }

    /** The text that the model is shown. */
    public String renderChat(ChatPrompt prompt) {
        return chat.render(prompt).text();
    }

    /** Whether a name of {@link ChatPrompt#variables} is one that templates find anyway, so that it cannot be set. */
    public boolean isTakenByTemplates(String name) {
        return chat.isTaken(name);
    }

    public boolean hasChatTemplate() {
        return chat.present();
    }

    /** Whether the author of a chat template of the model wrote these characters somewhere in it. */
    public boolean templateMentions(String text) {
        return chat.mentions(text);
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

    /** Of the files that it was made of. */
    public TokenizerDigests digests() {
        return digests;
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
        literal.close();
        encoder.close();
    }
}
