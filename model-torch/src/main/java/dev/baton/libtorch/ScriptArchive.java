package dev.baton.libtorch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A TorchScript archive that holds code and nothing else: a zip of stored entries whose pickle names one object of class
 * {@code __torch__.Model} with the attribute {@code training}.
 */
final class ScriptArchive {
    private static final String OBJECT =
            "\u0080\u0002c__torch__\nModel\nq\u0000)\u0081}(X\u0008\u0000\u0000\u0000trainingq\u0001\u0089ub.";
    private static final String NOTHING = "\u0080\u0002).";
    private static final String HEADER = """
            class Model(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
            """;

    private ScriptArchive() {}

    /** @param methods TorchScript source of the class's methods, indented by two spaces */
    static byte[] of(String methods) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.setMethod(ZipOutputStream.STORED);
            entry(zip, "data.pkl", OBJECT.getBytes(StandardCharsets.ISO_8859_1));
            entry(zip, "constants.pkl", NOTHING.getBytes(StandardCharsets.ISO_8859_1));
            entry(zip, "version", "10\n".getBytes(StandardCharsets.US_ASCII));
            entry(zip, "byteorder", "little".getBytes(StandardCharsets.US_ASCII));
            entry(zip, "code/__torch__.py", (HEADER + methods).getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void entry(ZipOutputStream zip, String name, byte[] content) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(content);
        ZipEntry entry = new ZipEntry("archive/" + name);
        entry.setSize(content.length);
        entry.setCompressedSize(content.length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}
