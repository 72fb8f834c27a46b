"""The lines that members of groups print; the README of test/clients tells them."""

import sys
import threading
import time

stop = threading.Event()


def stop_with_input() -> None:
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()


def tell(what: str, *words) -> None:
    print(what, int(time.time() * 1000), *words, flush=True)


def numbers(partitions) -> str:
    return ",".join(str(partition) for partition in sorted(partitions)) or "-"
