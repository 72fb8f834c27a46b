/** What others may import of this package: a Kafka cluster within their own process. */
export * from '#embed';
