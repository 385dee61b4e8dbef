/** Whether the commands of the documents are commands. */
@NullMarked
package dev.baton.cli.docs;

import org.jspecify.annotations.NullMarked;
