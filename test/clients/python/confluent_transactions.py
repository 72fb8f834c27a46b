"""confluent-kafka (librdkafka) as a program of test/clients/transactions; the README there tells what it is asked and what it answers."""

import sys
import threading

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer


def producer_of(bootstrap: str, transactional_id: str, timeout_ms: str) -> Producer:
    config = {"bootstrap.servers": bootstrap, "transactional.id": transactional_id, "transaction.timeout.ms": int(timeout_ms), "linger.ms": 0}
    producer = Producer(config)
    producer.init_transactions(60)
    return producer


def produce(bootstrap: str, topic: str, transactional_id: str, timeout_ms: str) -> None:
    producer = producer_of(bootstrap, transactional_id, timeout_ms)
    print("ok", flush=True)
    for line in sys.stdin:
        words = line.split()
        failures = []

        def delivered(error, _) -> None:
            if error is not None:
                failures.append(str(error))

        try:
            if words[0] == "begin":
                producer.begin_transaction()
            elif words[0] == "send":
                producer.produce(topic, value=words[2].encode(), partition=int(words[1]), on_delivery=delivered)
                producer.flush(60)
            elif words[0] == "commit":
                producer.commit_transaction(60)
            else:
                producer.abort_transaction(60)
        except KafkaException as error:
            failures.append(error)
        print(f"failed {failures[0]}" if failures else "ok", flush=True)


def copy(bootstrap, source, target, group, partitions, copies, vain_every, transactional_id, timeout_ms) -> None:
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 500,
        }
    )
    producer = producer_of(bootstrap, transactional_id, timeout_ms)
    moved = threading.Event()

    def start_again() -> None:
        """Reads on from what is committed."""
        for place in consumer.committed(consumer.assignment(), 60):
            if place.offset < 0:
                place.offset = OFFSET_BEGINNING
            consumer.seek(place)

    consumer.subscribe([source], on_assign=lambda *_: moved.set(), on_revoke=lambda *_: moved.set())
    transactions = 0
    while not stop.is_set():
        moved.clear()
        messages = []
        while len(messages) < 100 and (message := consumer.poll(0.2 if not messages else 0)) is not None:
            if message.error() is not None:
                raise KafkaException(message.error())
            messages.append(message)
        if not messages:
            continue
        if moved.is_set():  # some of them may belong to another member by now
            start_again()
            continue
        transactions += 1
        try:
            producer.begin_transaction()
            for message in messages:
                for i in range(int(copies)):
                    producer.produce(target, key=message.key(), value=message.value(), partition=(message.partition() + i) % int(partitions))
            producer.send_offsets_to_transaction(consumer.position(consumer.assignment()), consumer.consumer_group_metadata(), 60)
            if int(vain_every) > 0 and transactions % int(vain_every) == 1:
                producer.abort_transaction(60)
                start_again()
            else:
                producer.commit_transaction(60)
                print(f"copied {len(messages)}", flush=True)
        except KafkaException as failed:
            if not failed.args[0].txn_requires_abort():
                raise
            print(failed, file=sys.stderr, flush=True)
            producer.abort_transaction(60)
            start_again()
    consumer.close()


{"produce": produce, "copy": copy}[sys.argv[1]](*sys.argv[2:])
