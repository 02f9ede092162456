"""The pace of a long run: parts a second, and the time left."""

import time

from alpt_ref.tools.events import tell


class Pace:
    """Parts done, a second and in all. ``skipped`` ones lay there before, and took no time."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.skipped, self._began = total, 0, 0, time.monotonic()

    def step(self, done: int, what: str, found: bool = False) -> None:
        """Note that ``done`` parts are done, and tell the log of the last one. found : it lay there before."""
        if found and self.done == self.skipped:  # nothing was computed yet
            self.skipped, self._began = done, time.monotonic()
        self.done, self.total = done, max(self.total, done)
        rate, left = (None if value is None else float(f"{value:.4g}") for value in (self.rate, self.left))
        tell("progress", done=done, total=self.total, what=what, found=found, rate=rate, eta=left)

    @property
    def rate(self) -> float | None:
        """Parts a second; None before the first."""
        spent, done = time.monotonic() - self._began, self.done - self.skipped
        return done / spent if done and spent > 0.0 else None

    @property
    def left(self) -> float | None:
        """Seconds left, if the rest goes on at this rate."""
        rate = self.rate
        return None if rate is None else (self.total - self.done) / rate

    def __str__(self) -> str:
        rate, left = self.rate, self.left
        if rate is None or left is None:
            return ""
        seconds, unit = (1, "s") if rate >= 1.0 else (60, "min") if rate * 60 >= 1.0 else (3600, "h")
        return f"{rate * seconds:.2g}/{unit}, {clock(left)} left"


def clock(seconds: float) -> str:
    """Write a time as 0:07, 12:34 or 1:23:45."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
