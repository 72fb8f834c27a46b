"""aiokafka as a member of a group. Arguments: bootstrap, topic, group."""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.errors import KafkaError
from lines import numbers, stop, stop_with_input, tell


class Listener(ConsumerRebalanceListener):
    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self.consumer = consumer

    async def on_partitions_revoked(self, revoked) -> None:
        tell("revoked", numbers(place.partition for place in revoked))

    async def on_partitions_assigned(self, assigned) -> None:
        tell("assigned", self.consumer._coordinator.generation, numbers(place.partition for place in assigned))


async def main(bootstrap: str, topic: str, group: str) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=10000,
        heartbeat_interval_ms=500,
    )
    stop_with_input()
    consumer.subscribe([topic], listener=Listener(consumer))
    await consumer.start()
    while not stop.is_set():
        batches = await consumer.getmany(timeout_ms=200)
        for place, messages in batches.items():
            for message in messages:
                tell("record", place.partition, message.offset, message.value.decode())
        offsets = {place: messages[-1].offset + 1 for place, messages in batches.items()}
        if not offsets:
            continue
        try:
            await consumer.commit(offsets)
            for place, offset in offsets.items():
                tell("committed", place.partition, offset)
        except KafkaError as failed:  # whoever has the partition now begins below
            print(repr(failed), file=sys.stderr, flush=True)
    await consumer.stop()


asyncio.run(main(*sys.argv[1:]))
