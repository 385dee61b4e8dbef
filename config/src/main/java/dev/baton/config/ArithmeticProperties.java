package dev.baton.config;

import jakarta.validation.constraints.NotBlank;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * What numbers are rounded to: the same on every worker of a model, or they do not exchange KV. The engine names the
 * values and checks them when the worker starts.
 *
 * @param dtype what activations and KV are rounded to: AUTO, BF16 or F32
 * @param weights what the linear layers' weights are rounded to while they are read: STORED, INT8 or W8A8 (int8 times
 *     activations that are rounded too)
 */
@Validated
@ConfigurationProperties("baton.engine")
public record ArithmeticProperties(
        @DefaultValue("AUTO") @NotBlank String dtype,
        @DefaultValue("STORED") @NotBlank String weights) {}
