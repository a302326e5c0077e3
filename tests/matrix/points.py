# SPDX-License-Identifier: LGPL-2.1-or-later
"""The moments at which fotad may be killed, as an undisturbed run has met them; see points.c."""
import collections
import dataclasses


@dataclasses.dataclass(frozen=True)
class Point:
    when: str    # "before" or "after" the call
    number: int  # of its kind in one run, from 1
    what: str    # "at AT+GMR", "rename 353....json", "sync ."

    def __str__(self):
        return f"{self.when} {self.what} ({self.number})"

    def text(self):
        """What points.c takes as FAULT_KILL."""
        return f"{self.when}:{self.number}:{self.what}"

    @property
    def durable(self):
        return not self.what.startswith("at ")


def met(journal):
    """All points that stand in a journal's lines, in their order."""
    counts = collections.Counter()
    points = []
    for _time, _pid, when, what in journal:
        counts[when, what] += 1
        points.append(Point(when, counts[when, what], what))
    return points


def to_kill_at(points):
    """Those that are different moments: after one durable call is before the next one, but an AT
    command that has left is another thing than one that has not."""
    return [point for point in points
            if not point.durable or point.when == "before" or point.what == "sync ."]


def irreversible(points, order, ordered=None):
    """Those around the order to install: the record's last write before it, and the order itself,
    the first one, or that at this index."""
    told = [point.what for point in points]
    if f"at {order}" not in told:
        raise ValueError(f"no {order} among {told[-40:]}")
    ordered = ordered or told.index(f"at {order}")
    write = max(i for i in range(ordered) if points[i].what.endswith(".json.prev"))
    return points[write:ordered + 3]


def durable_writes(points):
    """How often the flash is written: files that are made durable."""
    return sum(point.when == "after" and point.what.startswith("sync ")
               and point.what != "sync ." for point in points)
