"""A member of a group: prints the value of every record that it reads, one a line, until its input ends. Arguments: client, bootstrap, topic, group, protocol."""

import asyncio
import sys
import threading

stop = threading.Event()


def wait_for_end() -> None:
    sys.stdin.read()
    stop.set()


def confluent(bootstrap: str, topic: str, group: str, protocol: str) -> None:
    from confluent_kafka import Consumer

    config = {"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest", "auto.commit.interval.ms": 200}
    if protocol == "consumer":
        config["group.protocol"] = "consumer"
    else:
        config.update({"session.timeout.ms": 6000, "heartbeat.interval.ms": 500, "partition.assignment.strategy": protocol})
    consumer = Consumer(config)
    consumer.subscribe([topic])
    while not stop.is_set():
        message = consumer.poll(0.2)
        if message is None:
            continue
        assert message.error() is None, message.error()
        print(message.value().decode(), flush=True)
    consumer.close()


async def aiokafka(bootstrap: str, topic: str, group: str) -> None:
    from aiokafka import AIOKafkaConsumer

    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        auto_commit_interval_ms=200,
        session_timeout_ms=6000,
        heartbeat_interval_ms=500,
    )
    await consumer.start()
    while not stop.is_set():
        for messages in (await consumer.getmany(timeout_ms=200)).values():
            for message in messages:
                print(message.value.decode(), flush=True)
    await consumer.stop()


threading.Thread(target=wait_for_end, daemon=True).start()
if sys.argv[1] == "confluent":
    confluent(*sys.argv[2:6])
else:
    asyncio.run(aiokafka(*sys.argv[2:5]))
