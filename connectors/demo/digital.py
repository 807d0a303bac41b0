"""Mobile and online bank beside its users: devices and events."""

from __future__ import annotations

import numpy as np

from connectors.demo.columns import Table, height, join, lookup, numbers, stack
from connectors.demo.randomness import Day, chance, draw

_MODELS = (("HUAWEI Mate 60", "HarmonyOS 4"), ("HUAWEI nova 12", "HarmonyOS 4"), ("Xiaomi 14", "Android 14"),
           ("OPPO Reno 11", "Android 14"), ("vivo X100", "Android 14"), ("HONOR 100", "Android 13"),
           ("iPhone 13", "iOS 17"), ("iPhone 15", "iOS 18"), ("Redmi Note 13", "Android 13"))  # fmt: skip
_EVENTS = ("login", "balance_query", "transfer", "product_view", "bill_payment", "logout", "login_failed")
_EVENT_WEIGHTS = np.array([40, 22, 12, 10, 6, 7, 3.0])
_DAILY_EVENTS = 0.35


class DigitalBank:
    """Users' devices, and each day's new devices and events."""

    def __init__(self) -> None:
        self.devices: Table | None = None
        self.new_devices: Table = {}
        self.events: Table = {}
        self._bound = 0
        self._seen = 0

    def run(self, day: Day, users: Table, new: Table) -> None:
        """One day: newcomers bind devices, some users change theirs, everybody may do something.

        Args:
            day: the day.
            users: all users, newcomers at the end.
            new: the newcomers.
        """
        rng = day.stream("devices")
        start = height(users) - height(new)
        rows = np.repeat(np.arange(start, height(users)), 1 + draw(rng, np.array([78, 22.0]), height(new)))
        changed = np.flatnonzero(chance(rng, start, 0.001))
        rows = np.concatenate([changed, rows])
        self.new_devices = self._bind(rng, day.date, users, rows)
        self.devices = stack(self.devices, self.new_devices)
        self._act(day)

    def _bind(self, rng: np.random.Generator, today: np.datetime64, users: Table, rows: np.ndarray) -> Table:
        size = len(rows)
        number = np.arange(self._bound + 1, self._bound + 1 + size)
        self._bound += size
        model = rng.integers(0, len(_MODELS), size)
        since = np.maximum(users["opened"][rows], today - np.timedelta64(900, "D"))  # phones last some years
        bound = since + (rng.random(size) * ((today - since).astype(np.int64) + 1)).astype("timedelta64[D]")
        return {
            "key": users["key"][rows], "device": join("D", numbers(number * 2654435761 % 10**12, 12)),
            "model": lookup([name for name, _ in _MODELS], model), "os": lookup([os for _, os in _MODELS], model),
            "bound": bound.astype("datetime64[s]") + rng.integers(0, 86_400, size).astype("timedelta64[s]"),
        }  # fmt: skip

    def _act(self, day: Day) -> None:
        assert self.devices is not None
        rng = day.stream("events")
        rows = np.repeat(np.arange(height(self.devices)), rng.poisson(_DAILY_EVENTS, height(self.devices)))
        size = len(rows)
        seconds = rng.normal(14, 4.5, size) % 24 * 3600
        time = day.date.astype("datetime64[s]") + seconds.astype("timedelta64[s]")
        order = np.lexsort((rows, time))
        rows, time = rows[order], time[order]
        kind = draw(rng, _EVENT_WEIGHTS, size)
        number = np.arange(self._seen + 1, self._seen + 1 + size)
        self._seen += size
        address = rng.integers(1, 255, (3, size))
        self.events = {
            "event": join("E", numbers(number, 11)), "key": self.devices["key"][rows], "type": lookup(_EVENTS, kind),
            "time": time, "device": self.devices["device"][rows],
            "ip": join("10.", numbers(address[0]), ".", numbers(address[1]), ".", numbers(address[2])),
            "channel": lookup(("app", "web"), draw(rng, np.array([88, 12.0]), size)), "ok": kind != len(_EVENTS) - 1,
            "cents": np.where(kind == 2, rng.integers(1_000, 500_000, size), 0),
        }  # fmt: skip
