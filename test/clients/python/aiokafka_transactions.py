"""Commits and aborts transactions over all partitions of a topic, is fenced, and reads what counts. Arguments: bootstrap, topic, partitions, transactions."""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import ProducerFenced


async def producer_of(bootstrap: str, topic: str) -> AIOKafkaProducer:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=topic, transaction_timeout_ms=20000)
    await producer.start()
    return producer


async def write(producer: AIOKafkaProducer, topic: str, partitions: int, value: str) -> None:
    await producer.begin_transaction()
    for partition in range(partitions):
        await producer.send_and_wait(topic, value=value.encode(), partition=partition)


async def main(bootstrap: str, topic: str, partitions: int, transactions: int) -> None:
    producer = await producer_of(bootstrap, topic)
    committed = []
    for i in range(transactions):
        await write(producer, topic, partitions, f"{i}")
        if i % 3 == 2:
            await producer.abort_transaction()
        else:
            await producer.commit_transaction()
            committed.append(f"{i}")
    await write(producer, topic, partitions, "left open")
    successor = await producer_of(bootstrap, topic)
    await write(successor, topic, partitions, "successor")
    await successor.commit_transaction()
    committed.append("successor")
    try:
        await producer.commit_transaction()
        raise AssertionError("a fenced producer has committed")
    except ProducerFenced:
        pass
    await successor.stop()

    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False)
    await consumer.start()
    for partition in range(partitions):
        place = TopicPartition(topic, partition)
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        seen = []
        while len(seen) < len(committed):
            message = await asyncio.wait_for(consumer.getone(), 20)
            seen.append(message.value.decode())
        assert seen == committed, (seen, committed)
    await consumer.stop()
    print(f"ok {len(committed)}", flush=True)


asyncio.run(asyncio.wait_for(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])), 80))
