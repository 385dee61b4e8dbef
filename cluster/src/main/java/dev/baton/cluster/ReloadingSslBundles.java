package dev.baton.cluster;

import java.security.KeyStore;
import java.util.function.Supplier;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.KeyManagerFactorySpi;
import javax.net.ssl.ManagerFactoryParameters;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.TrustManagerFactorySpi;
import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundleKey;
import org.springframework.boot.ssl.SslManagerBundle;
import org.springframework.boot.ssl.SslOptions;
import org.springframework.boot.ssl.SslStoreBundle;

/**
 * Bundles that always hold the current certificates: clients that got a bundle at the start, as those of Kafka and Redis
 * do, use renewed certificates for their next connection.
 */
final class ReloadingSslBundles extends DefaultSslBundleRegistry {
    @Override
    public SslBundle getBundle(String name) {
        super.getBundle(name);
        // Else the registry warns at each update that the users of this bundle would not see it.
        addBundleUpdateHandler(name, updated -> {});
        return new Current(() -> super.getBundle(name));
    }

    private record Current(Supplier<SslBundle> now) implements SslBundle {
        @Override
        public SslStoreBundle getStores() {
            return now.get().getStores();
        }

        @Override
        public SslBundleKey getKey() {
            return now.get().getKey();
        }

        @Override
        public SslOptions getOptions() {
            return now.get().getOptions();
        }

        @Override
        public String getProtocol() {
            return now.get().getProtocol();
        }

        @Override
        public SSLContext createSslContext() {
            return now.get().createSslContext();
        }

        @Override
        public SslManagerBundle getManagers() {
            KeyManagerFactory keys = new Keys(() -> now.get().getManagers().getKeyManagerFactory());
            TrustManagerFactory trust = new Trust(() -> now.get().getManagers().getTrustManagerFactory());
            return SslManagerBundle.of(keys, trust);
        }
    }

    private static final class Keys extends KeyManagerFactory {
        Keys(Supplier<KeyManagerFactory> now) {
            super(
                    new KeyManagerFactorySpi() {
                        @Override
                        protected void engineInit(KeyStore store, char[] password) {}

                        @Override
                        protected void engineInit(ManagerFactoryParameters parameters) {}

                        @Override
                        protected KeyManager[] engineGetKeyManagers() {
                            return now.get().getKeyManagers();
                        }
                    },
                    now.get().getProvider(),
                    now.get().getAlgorithm());
        }
    }

    private static final class Trust extends TrustManagerFactory {
        Trust(Supplier<TrustManagerFactory> now) {
            super(
                    new TrustManagerFactorySpi() {
                        @Override
                        protected void engineInit(KeyStore store) {}

                        @Override
                        protected void engineInit(ManagerFactoryParameters parameters) {}

                        @Override
                        protected TrustManager[] engineGetTrustManagers() {
                            return now.get().getTrustManagers();
                        }
                    },
                    now.get().getProvider(),
                    now.get().getAlgorithm());
        }
    }
}
