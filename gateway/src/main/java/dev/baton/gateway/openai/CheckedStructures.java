package dev.baton.gateway.openai;

import com.google.protobuf.ByteString;
import dev.baton.grammar.Grammar;
import dev.baton.protocol.v1.Structure;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Says which structures workers cannot guarantee, before any work. Remembers the last ones by their digest: what clients
 * send is not kept. Any thread.
 */
final class CheckedStructures {
    private static final int MOST_KEPT = 256;
    private static final int MOST_BYTES = 1 << 20;
    private static final int LONGEST_FAULT = 1_000;

    /** The digest, the entry and its list. */
    private static final int ENTRY_BYTES = 256;

    /** By digest of structures, what is wrong with each. The eldest comes first. Guarded by itself. */
    private final Map<ByteString, List<Optional<String>>> known = new LinkedHashMap<>(16, 0.75f, true);

    /** Guarded by {@link #known}. */
    private int keptBytes;

    /** @param param the field that asks for it */
    void check(Structure structure, String param) {
        fault(structure).ifPresent(fault -> {
            throw JsonFields.invalid(param, fault);
        });
    }

    boolean isGood(Structure structure) {
        return fault(structure).isEmpty();
    }

    private Optional<String> fault(Structure structure) {
        return faults(List.of(structure)).getFirst();
    }

    /** Why each of the structures of one request cannot be guaranteed. Compiles what is not known yet, all at the cost of one. */
    List<Optional<String>> faults(List<Structure> structures) {
        ByteString digest = digest(structures);
        List<Optional<String>> faults;
        synchronized (known) {
            faults = known.get(digest);
        }
        if (faults == null) {
            faults = Grammar.faults(structures).stream()
                    .map(fault -> fault.map(CheckedStructures::shortened))
                    .toList();
            keep(digest, faults);
        }
        return faults;
    }

    private void keep(ByteString digest, List<Optional<String>> faults) {
        synchronized (known) {
            List<Optional<String>> same = known.put(digest, faults);
            keptBytes += bytes(faults) - (same == null ? 0 : bytes(same));
            Iterator<List<Optional<String>>> eldest = known.values().iterator();
            while (known.size() > MOST_KEPT || keptBytes > MOST_BYTES) {
                keptBytes -= bytes(eldest.next());
                eldest.remove();
            }
        }
    }

    /** What is remembered, at most. */
    int keptBytes() {
        synchronized (known) {
            return keptBytes;
        }
    }

    private static int bytes(List<Optional<String>> faults) {
        int bytes = ENTRY_BYTES;
        for (Optional<String> fault : faults) {
            bytes += 2 * Long.BYTES + fault.map(text -> 2 * text.length()).orElse(0);
        }
        return bytes;
    }

    /** Faults quote what clients send. */
    private static String shortened(String fault) {
        return fault.length() <= LONGEST_FAULT
                ? fault
                : fault.substring(0, fault.offsetByCodePoints(0, LONGEST_FAULT / 2)) + "…";
    }

    private static ByteString digest(List<Structure> structures) {
        try (DigestOutputStream out =
                new DigestOutputStream(OutputStream.nullOutputStream(), MessageDigest.getInstance("SHA-256"))) {
            for (Structure structure : structures) {
                structure.writeDelimitedTo(out);
            }
            return ByteString.copyFrom(out.getMessageDigest().digest());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
