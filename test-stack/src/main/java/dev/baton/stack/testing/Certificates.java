package dev.baton.stack.testing;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A certificate authority of a test, and keys whose certificates it signs: PKCS12 files, made in this process. */
public final class Certificates {
    /** Of all files. */
    public static final String PASSWORD = "changeit";

    private final Path folder;
    private final String name;
    private final KeyPair keys;
    private final X509Certificate certificate;
    private final Path trust;

    /**
     * Makes the authority.
     *
     * @param name tells it from others of the same folder
     */
    public Certificates(Path folder, String name) {
        this.folder = folder;
        this.name = name;
        try {
            this.keys = keys();
            this.certificate = read(CertificateBytes.ofAuthority(name, keys));
            this.trust = folder.resolve(name + "-trust.p12");
            KeyStore store = empty();
            store.setCertificateEntry("authority", certificate);
            write(store, trust);
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Trusts this authority alone. */
    public Path truststore() {
        return trust;
    }

    /**
     * A key with a certificate of this authority, for both sides of a connection.
     *
     * @param subject its common name, and the name of its file; a second one of a name takes the first one's place
     * @param hosts names or IPv4 addresses
     */
    public Path issue(String subject, String... hosts) {
        try {
            KeyPair own = keys();
            X509Certificate signed =
                    read(CertificateBytes.issued(subject, own.getPublic(), List.of(hosts), name, keys));
            KeyStore store = empty();
            store.setKeyEntry("key", own.getPrivate(), PASSWORD.toCharArray(), new Certificate[] {signed, certificate});
            Path file = folder.resolve(subject + ".p12");
            write(store, file);
            return file;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What shows the certificate of {@code keystore} and trusts those of this authority. */
    public SSLContext context(Path keystore) {
        try {
            KeyManagerFactory shown = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            shown.init(load(keystore), PASSWORD.toCharArray());
            TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trusted.init(load(trust));
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(shown.getKeyManagers(), trusted.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static KeyPair keys() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    private static X509Certificate read(byte[] bytes) throws GeneralSecurityException {
        return (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(bytes));
    }

    private static KeyStore empty() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static KeyStore load(Path file) throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD.toCharArray());
        }
        return store;
    }

    private static void write(KeyStore store, Path file) throws GeneralSecurityException {
        try (OutputStream out = Files.newOutputStream(file)) {
            store.store(out, PASSWORD.toCharArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
