/**
 * Runs a model. One platform thread owns the model and the block pool; everyone else hands it commands through a
 * bounded queue and hears back through listeners that run on that thread and never block it.
 */
@NullMarked
package dev.baton.engine;

import org.jspecify.annotations.NullMarked;
