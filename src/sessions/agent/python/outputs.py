"""What a session's processes have written and how they ended, kept for whoever asks later."""
import time

STREAMS = ("stdout", "stderr")


class Ring:
    """The last bytes of a stream: at least `limit` of them, where there were as many. Bytes have numbers, from 0 on."""

    def __init__(self, limit):
        self.limit = limit
        self.kept = bytearray()
        self.end = 0

    @property
    def start(self):
        """Number of the first byte that is kept."""
        return self.end - len(self.kept)

    def append(self, data, needed, most):
        """Adds bytes. Those from `needed` on are kept, too, as long as all are no more than `most`."""
        self.kept += data
        self.end += len(data)
        extra = len(self.kept) - self.limit
        if extra > 0:
            drop = max(min(extra, needed - self.start), len(self.kept) - most)
            if drop > 0:
                del self.kept[:drop]

    def read(self, number, most):
        """Bytes from `number` on, which is kept."""
        at = number - self.start
        return bytes(memoryview(self.kept)[at:at + most])


class Known:
    """One process, from its start until nobody asks for it any more."""

    def __init__(self, number, owner, header, limit):
        shared = header.get("shared")
        self.number = number
        self.owner = owner  # Who has started it.
        self.mark = header.get("mark")  # How that one knows it.
        self.is_shared = shared is not None
        self.command = shared["command"] if shared else ""
        self.began = time.monotonic()
        self.rings = [Ring(limit), Ring(limit)]
        self.deadline = self.began + shared["timeoutMs"] / 1000 if shared and shared["timeoutMs"] else None
        self.kills_at = None
        self.has_timed_out = False
        self.input_is_closed = False
        self.is_told = False  # Others were told that it runs.
        self.exit = None
        self.ended = None

    def end(self, event):
        """Its exit event has come."""
        self.ended = time.monotonic()
        self.exit = dict(event, durationMs=int(1000 * (self.ended - self.began)))
        if self.has_timed_out and event.get("exitCode") != 0:
            self.exit["limit"] = "timeout"

    def event(self, client):
        """What others are told of it; its mark is for who has started it."""
        event = {"event": "process", "process": self.number, "command": self.command, "inputIsClosed": self.input_is_closed,
                 "ageMs": int(1000 * (time.monotonic() - self.began))}
        if client is self.owner and self.mark is not None:
            event["mark"] = self.mark
        return event


def forgotten(known, now, rules):
    """Numbers of those that are kept no more: ended too long ago, too many, or with too much output together."""
    ended = sorted((one for one in known.values() if one.ended is not None and one.is_shared),
                   key=lambda one: -one.ended)
    held = 0
    found = []
    for place, one in enumerate(ended):
        held += sum(len(ring.kept) for ring in one.rings)
        is_late = now - one.ended > rules["endedMs"] / 1000
        if place >= rules["mostEnded"] or is_late or place and held > rules["mostBytes"]:
            found.append(one.number)
    return found
