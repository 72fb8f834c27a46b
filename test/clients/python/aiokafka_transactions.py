"""aiokafka as a program of test/clients/transactions; the README there tells what it is asked and what it answers."""

import asyncio
import sys
import threading

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError


async def producer_of(bootstrap: str, transactional_id: str, timeout_ms: str) -> AIOKafkaProducer:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=transactional_id, transaction_timeout_ms=int(timeout_ms))
    await producer.start()
    return producer


async def produce(bootstrap: str, topic: str, transactional_id: str, timeout_ms: str) -> None:
    producer = await producer_of(bootstrap, transactional_id, timeout_ms)
    print("ok", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        words = line.split()
        try:
            if words[0] == "begin":
                await producer.begin_transaction()
            elif words[0] == "send":
                await producer.send_and_wait(topic, words[2].encode(), partition=int(words[1]))
            elif words[0] == "commit":
                await producer.commit_transaction()
            else:
                await producer.abort_transaction()
            print("ok", flush=True)
        except KafkaError as error:
            print(f"failed {error!r}", flush=True)


async def copy(bootstrap, source, target, group, partitions, copies, vain_every, transactional_id, timeout_ms) -> None:
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    # It commits offsets under the group's name alone (there is no KIP-447), so that another copier of its group would have to have its transactional id.
    producer = await producer_of(bootstrap, transactional_id, timeout_ms)
    consumer = AIOKafkaConsumer(
        source,
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        session_timeout_ms=6000,
        heartbeat_interval_ms=500,
    )
    await consumer.start()
    transactions = 0
    while not stop.is_set():
        batches = await consumer.getmany(timeout_ms=200, max_records=100)
        if not batches:
            continue
        transactions += 1
        await producer.begin_transaction()
        for place, messages in batches.items():
            for message in messages:
                for i in range(int(copies)):
                    await producer.send(target, message.value, key=message.key, partition=(place.partition + i) % int(partitions))
        offsets = {place: messages[-1].offset + 1 for place, messages in batches.items()}
        await producer.send_offsets_to_transaction(offsets, group)
        if int(vain_every) > 0 and transactions % int(vain_every) == 1:
            await producer.abort_transaction()
            for place, messages in batches.items():
                consumer.seek(place, messages[0].offset)
        else:
            await producer.commit_transaction()
            print(f"copied {sum(map(len, batches.values()))}", flush=True)
    await consumer.stop()


asyncio.run({"produce": produce, "copy": copy}[sys.argv[1]](*sys.argv[2:]))
