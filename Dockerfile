# One image a role: docker build --build-arg ROLE=gateway|prefill-worker|decode-worker -t baton/gateway .
# By hand, without Docker: docs/operations.md, "Containers".
FROM eclipse-temurin:25.0.3_9-jdk-noble AS build
ARG ROLE
# The image has neither curl nor wget, and ./mvnw fetches Maven with one of them.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN ./mvnw -B -ntp -DskipTests -Pimage -pl ${ROLE} -am package
RUN java -Djarmode=tools -jar ${ROLE}/target/${ROLE}-0.1.0-SNAPSHOT-app.jar extract --layers --destination /layers

FROM eclipse-temurin:25.0.3_9-jre-noble
ARG ROLE
# curl is what the health checks of docker-compose.yml ask with: a JVM for each question would cost more.
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /home/baton baton \
    && install -d -o baton -g baton -m 0700 /kv
WORKDIR /app
COPY --from=build /layers/dependencies/ ./
COPY --from=build /layers/spring-boot-loader/ ./
COPY --from=build /layers/snapshot-dependencies/ ./
COPY --from=build /layers/application/ ./
COPY models/demo /models/demo
RUN mv ${ROLE}-0.1.0-SNAPSHOT-app.jar app.jar
USER baton
# All interfaces, one management port (8090), JSON logs: application-container.yml of each role.
ENV SPRING_PROFILES_ACTIVE=container \
    JDK_JAVA_OPTIONS="--enable-native-access=ALL-UNNAMED -XX:MaxRAMPercentage=40 -XX:+ExitOnOutOfMemoryError" \
    DJL_CACHE_DIR=/home/baton/djl
EXPOSE 8080 8090 9400 9401
ENTRYPOINT ["java", "-jar", "app.jar"]
