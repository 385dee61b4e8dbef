package dev.baton.config;

import dev.baton.checkpoint.ModelFiles;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * The model that is served.
 *
 * @param folder a Hugging Face folder, or a GGUF file
 * @param name what clients call it; null: the folder's or the file's name
 * @param maxContext longest sequence served, prompt and answer, in tokens; 0 = the model's own
 */
@Validated
@ConfigurationProperties("baton.model")
public record ModelProperties(
        @NotNull(message = "must name a model folder (config.json, tokenizer.json, *.safetensors) or a GGUF file")
        Path folder,

        @Nullable String name,
        @DefaultValue("0") @Min(0) int maxContext) {
    /** What clients call the model. */
    public String servedName() {
        return name == null || name.isBlank() ? ModelFiles.defaultName(folder) : name;
    }
}
