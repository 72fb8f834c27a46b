# A small image of one broker: Node, the bundle, nothing else.
#   docker build -t kafka-lite-cluster . && docker run -p 9092:9092 -e KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://localhost:9092 kafka-lite-cluster
# Settings are KAFKA_ variables, as in Apache Kafka's image; see docs/operating/deployment.md.

FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run prepack

FROM node:24-alpine
# Neither is needed to run what is installed.
RUN rm -rf /usr/local/lib/node_modules /opt/yarn* /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/yarn*
COPY --from=build /build/dist /opt/kafka-lite-cluster/dist
COPY --from=build /build/package.json /build/LICENSE /build/kafka-lite-cluster /build/deploy/docker/healthcheck.js /opt/kafka-lite-cluster/
RUN ln -s /opt/kafka-lite-cluster/kafka-lite-cluster /usr/local/bin/kafka-lite-cluster
RUN mkdir -p /data && chown node:node /data
ENV NODE_ENV=production
ENV KAFKA_NODE_ID=1
ENV KAFKA_LISTENERS=PLAINTEXT://:9092
ENV KAFKA_LOG_DIRS=/data
USER node
WORKDIR /data
VOLUME /data
EXPOSE 9092
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["node", "/opt/kafka-lite-cluster/healthcheck.js"]
ENTRYPOINT ["kafka-lite-cluster"]
CMD ["broker"]
