"""Commits and aborts transactions over all partitions of a topic, is fenced, and reads what counts. Arguments: bootstrap, topic, partitions, transactions."""

import sys

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition


def producer_of(bootstrap: str, topic: str) -> Producer:
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": topic, "transaction.timeout.ms": 20000, "linger.ms": 0})
    producer.init_transactions(30)
    return producer


def write(producer: Producer, topic: str, partitions: int, value: str) -> None:
    producer.begin_transaction()
    for partition in range(partitions):
        producer.produce(topic, value=value.encode(), partition=partition)
    producer.flush(30)


def main(bootstrap: str, topic: str, partitions: int, transactions: int) -> None:
    producer = producer_of(bootstrap, topic)
    committed = []
    for i in range(transactions):
        write(producer, topic, partitions, f"{i}")
        if i % 3 == 2:
            producer.abort_transaction(30)
        else:
            producer.commit_transaction(30)
            committed.append(f"{i}")
    write(producer, topic, partitions, "left open")
    successor = producer_of(bootstrap, topic)
    write(successor, topic, partitions, "successor")
    successor.commit_transaction(30)
    committed.append("successor")
    try:
        producer.commit_transaction(30)
        raise AssertionError("a fenced producer has committed")
    except KafkaException as error:
        assert error.args[0].fatal(), error

    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "unused", "isolation.level": "read_committed", "enable.auto.commit": False}
    )
    for partition in range(partitions):
        consumer.assign([TopicPartition(topic, partition, 0)])
        seen = []
        while len(seen) < len(committed):
            message = consumer.poll(20)
            assert message is not None, f"nothing came in 20 s after {seen}"
            assert message.error() is None, message.error()
            seen.append(message.value().decode())
        assert seen == committed, (seen, committed)
    consumer.close()
    print(f"ok {len(committed)}")


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
