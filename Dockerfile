# One image a role: docker build --build-arg ROLE=gateway|prefill-worker|decode-worker -t baton/gateway .
# By hand, without Docker: docs/operations.md, "Containers". config/stack/pin renews the digests.
ARG JDK_IMAGE=eclipse-temurin:25.0.3_9-jdk-noble@sha256:735baf2edc6cd6485240144a84fa4db142b9a6f47b4eb4080f31058d200f9813
ARG JRE_IMAGE=eclipse-temurin:25.0.3_9-jre-noble@sha256:fbcf915c585659b30eb766ada4d6d7cfc9ec1040bf521e95bf61b10a25af73db

# All roles at once: the three images share this stage.
FROM ${JDK_IMAGE} AS build
# The image has neither curl nor wget, and ./mvnw fetches Maven with one of them.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN ./mvnw -B -ntp -DskipTests -Dspotless.check.skip=true -Pimage -pl gateway,prefill-worker,decode-worker -am package

FROM build AS layers
ARG ROLE
RUN java -Djarmode=tools -jar ${ROLE}/target/${ROLE}-0.1.0-SNAPSHOT-app.jar extract --layers --destination /layers

FROM ${JRE_IMAGE}
ARG ROLE
# curl is what the health checks of docker-compose.yml ask with: a JVM for each question would cost more.
# /usage is where a gateway's usage events wait while Kafka is away.
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /home/baton baton \
    && install -d -o baton -g baton -m 0700 /kv /usage
WORKDIR /app
COPY --from=layers /layers/dependencies/ ./
COPY --from=layers /layers/spring-boot-loader/ ./
COPY --from=layers /layers/snapshot-dependencies/ ./
COPY --from=layers /layers/application/ ./
COPY models/demo /models/demo
# Bills of materials: of the jars, which the build made, and of the system's packages.
COPY --from=build /src/${ROLE}/target/classes/META-INF/sbom/application.cdx.json /sbom/jars.cdx.json
COPY config/stack/system-sbom /tmp/system-sbom
RUN mv ${ROLE}-0.1.0-SNAPSHOT-app.jar app.jar \
    && sh /tmp/system-sbom >/sbom/system.cdx.json \
    && rm /tmp/system-sbom
USER baton
# All interfaces, one management port (8090), JSON logs: application-container.yml of each role. What the roles write goes to
# /tmp, /kv and /usage alone, so that the rest may be read-only; /tmp must not be noexec, native code is unpacked there.
ENV SPRING_PROFILES_ACTIVE=container \
    JDK_JAVA_OPTIONS="--enable-native-access=ALL-UNNAMED -XX:+ExitOnOutOfMemoryError" \
    JAVA_TOOL_OPTIONS="-XX:MaxRAMPercentage=40" \
    DJL_CACHE_DIR=/tmp/djl
EXPOSE 8080 8090 9400 9401
ENTRYPOINT ["java", "-jar", "app.jar"]
