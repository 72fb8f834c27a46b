"""Writes records to every partition of a topic and reads them back by partition. Arguments: bootstrap, topic, partitions, codec, count."""

import sys

from confluent_kafka import Consumer, Producer, TopicPartition


def main(bootstrap: str, topic: str, partitions: int, codec: str, count: int) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "compression.codec": codec, "linger.ms": 5})
    offsets = {partition: [] for partition in range(partitions)}

    def delivered(error, message):
        assert error is None, error
        offsets[message.partition()].append(message.offset())

    for partition in range(partitions):
        for i in range(count):
            producer.produce(
                topic,
                key=b"key %d" % i,
                value=b"value %d of partition %d " % (i, partition) * 10,
                partition=partition,
                headers=[("codec", codec.encode())],
                on_delivery=delivered,
            )
            producer.poll(0)
    assert producer.flush(30) == 0

    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "unused", "enable.auto.commit": False, "auto.offset.reset": "error"})
    for partition, known in offsets.items():
        start = known[0]
        assert known == list(range(start, start + count)), known[:10]
        consumer.assign([TopicPartition(topic, partition, start)])
        seen = 0
        while seen < count:
            message = consumer.poll(20)
            assert message is not None, "nothing came in 20 s"
            assert message.error() is None, message.error()
            assert message.offset() == start + seen, (message.offset(), start + seen)
            assert message.key() == b"key %d" % seen
            assert message.value() == b"value %d of partition %d " % (seen, partition) * 10
            assert message.headers() == [("codec", codec.encode())]
            seen += 1
    consumer.close()
    print(f"ok {codec} {partitions * count}")


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
