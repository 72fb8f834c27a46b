"""Writes records to every partition of a topic and reads them back by partition. Arguments: bootstrap, topic, partitions, codec, count."""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition


async def main(bootstrap: str, topic: str, partitions: int, codec: str, count: int) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, compression_type=None if codec == "none" else codec
    )
    await producer.start()
    starts = {}
    try:
        for partition in range(partitions):
            sent = [
                await producer.send(
                    topic,
                    key=b"key %d" % i,
                    value=b"value %d of partition %d " % (i, partition) * 10,
                    partition=partition,
                    headers=[("codec", codec.encode())],
                )
                for i in range(count)
            ]
            offsets = [(await future).offset for future in sent]
            assert offsets == list(range(offsets[0], offsets[0] + count)), offsets[:10]
            starts[partition] = offsets[0]
    finally:
        await producer.stop()

    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        for partition in range(partitions):
            place = TopicPartition(topic, partition)
            consumer.assign([place])
            consumer.seek(place, starts[partition])
            for i in range(count):
                record = await asyncio.wait_for(consumer.getone(), 20)
                assert record.offset == starts[partition] + i, (record.offset, i)
                assert record.key == b"key %d" % i
                assert record.value == b"value %d of partition %d " % (i, partition) * 10
                assert record.headers == (("codec", codec.encode()),), record.headers
    finally:
        await consumer.stop()
    print(f"ok {codec} {partitions * count}")


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5])))
