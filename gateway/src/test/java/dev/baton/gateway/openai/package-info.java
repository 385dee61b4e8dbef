@org.jspecify.annotations.NullMarked
package dev.baton.gateway.openai;
