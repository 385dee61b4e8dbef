package dev.baton.stack.testing;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.stream.Stream;

/** X.509 version 3 certificates in DER (RFC 5280), signed with ECDSA: the few fields that TLS looks at. */
final class CertificateBytes {
    private static final Duration VALID = Duration.ofDays(2);
    private static final DateTimeFormatter UTC_TIME =
            DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);

    private static final int INTEGER = 0x02;
    private static final int BIT_STRING = 0x03;
    private static final int OCTET_STRING = 0x04;
    private static final int UTF8_STRING = 0x0c;
    private static final int TIME = 0x17;
    private static final int SEQUENCE = 0x30;
    private static final int SET = 0x31;
    private static final byte[] TRUE = {0x01, 0x01, (byte) 0xff};

    private CertificateBytes() {}

    static byte[] ofAuthority(String name, KeyPair keys) throws GeneralSecurityException {
        byte[] isAuthority = extension(new int[] {0x55, 0x1d, 0x13}, true, der(SEQUENCE, TRUE));
        return signed(name, keys.getPublic(), isAuthority, name, keys);
    }

    static byte[] issued(String subject, PublicKey key, List<String> hosts, String issuer, KeyPair authority)
            throws GeneralSecurityException {
        byte[] names = join(hosts.stream().map(CertificateBytes::host));
        byte[] purposes = join(Stream.of(0x01, 0x02).map(purpose -> oid(0x2b, 6, 1, 5, 5, 7, 3, purpose)));
        byte[] extensions = join(Stream.of(
                extension(new int[] {0x55, 0x1d, 0x11}, false, der(SEQUENCE, names)),
                extension(new int[] {0x55, 0x1d, 0x25}, false, der(SEQUENCE, purposes))));
        return signed(subject, key, extensions, issuer, authority);
    }

    private static byte[] signed(String subject, PublicKey key, byte[] extensions, String issuer, KeyPair authority)
            throws GeneralSecurityException {
        // ecdsa-with-SHA256
        byte[] algorithm = der(SEQUENCE, oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2));
        Instant now = Instant.now();
        byte[] content = der(
                SEQUENCE,
                der(0xa0, der(INTEGER, new byte[] {2})),
                der(INTEGER, new BigInteger(63, new SecureRandom()).toByteArray()),
                algorithm,
                name(issuer),
                der(SEQUENCE, time(now.minus(VALID)), time(now.plus(VALID))),
                name(subject),
                key.getEncoded(),
                der(0xa3, der(SEQUENCE, extensions)));
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(authority.getPrivate());
        signature.update(content);
        return der(SEQUENCE, content, algorithm, der(BIT_STRING, new byte[] {0}, signature.sign()));
    }

    private static byte[] host(String host) {
        if (!host.matches("[0-9.]+")) {
            return der(0x82, host.getBytes(StandardCharsets.US_ASCII));
        }
        byte[] address = new byte[4];
        String[] parts = host.split("\\.", -1);
        for (int i = 0; i < address.length; i++) {
            address[i] = (byte) Integer.parseInt(parts[i]);
        }
        return der(0x87, address);
    }

    private static byte[] name(String common) {
        return der(
                SEQUENCE,
                der(SET, der(SEQUENCE, oid(0x55, 4, 3), der(UTF8_STRING, common.getBytes(StandardCharsets.UTF_8)))));
    }

    private static byte[] time(Instant at) {
        return der(TIME, UTC_TIME.format(at).getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] extension(int[] oid, boolean critical, byte[] value) {
        return der(SEQUENCE, oid(oid), critical ? TRUE : new byte[0], der(OCTET_STRING, value));
    }

    /** As encoded: the first two numbers in one byte. */
    private static byte[] oid(int... bytes) {
        byte[] content = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            content[i] = (byte) bytes[i];
        }
        return der(0x06, content);
    }

    private static byte[] der(int tag, byte[]... contents) {
        byte[] content = join(Stream.of(contents));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        if (content.length < 0x80) {
            out.write(content.length);
        } else if (content.length < 0x100) {
            out.write(0x81);
            out.write(content.length);
        } else {
            out.write(0x82);
            out.write(content.length >> 8);
            out.write(content.length);
        }
        out.writeBytes(content);
        return out.toByteArray();
    }

    private static byte[] join(Stream<byte[]> parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        parts.forEach(out::writeBytes);
        return out.toByteArray();
    }
}
