"""confluent-kafka (librdkafka) as a member of a group. Arguments: bootstrap, topic, group, and a strategy, or consumer for the new protocol."""

import sys

from confluent_kafka import Consumer, KafkaException, TopicPartition
from lines import numbers, stop, stop_with_input, tell


def main(bootstrap: str, topic: str, group: str, protocol: str) -> None:
    config = {"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    if protocol == "consumer":
        config["group.protocol"] = "consumer"
    else:
        config.update({"session.timeout.ms": 10000, "heartbeat.interval.ms": 500, "partition.assignment.strategy": protocol})
    consumer = Consumer(config)
    own = set()

    # It does not tell its generation.
    def assigned(_, partitions):
        own.update(place.partition for place in partitions)
        tell("assigned", "-", numbers(own))

    def revoked(_, partitions):
        gone = {place.partition for place in partitions}
        own.difference_update(gone)
        tell("revoked", numbers(gone))

    stop_with_input()
    consumer.subscribe([topic], on_assign=assigned, on_revoke=revoked, on_lost=revoked)
    while not stop.is_set():
        message = consumer.poll(0.2)
        if message is None:
            continue
        if message.error() is not None:
            print(message.error(), file=sys.stderr, flush=True)
            continue
        tell("record", message.partition(), message.offset(), message.value().decode())
        try:
            offset = message.offset() + 1
            committed = consumer.commit(offsets=[TopicPartition(topic, message.partition(), offset)], asynchronous=False)
            if all(place.error is None for place in committed):
                tell("committed", message.partition(), offset)
        except KafkaException as failed:  # whoever has the partition now begins below
            print(failed, file=sys.stderr, flush=True)
    consumer.close()


main(*sys.argv[1:])
