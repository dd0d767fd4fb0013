"""How far the steps of a time series are apart: so many months of the calendar, or always the same time.

Steps are numbered from some step on that is 0; instants are microseconds since 1970 in UTC.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

_SECOND_US = 1_000_000
_MINUTE_US = 60 * _SECOND_US
_HOUR_US = 60 * _MINUTE_US
_DAY_US = 24 * _HOUR_US
_YEAR_US = 365 * _DAY_US
_MONTHS_OF_YEAR = 12
_SEASON_MAX = 288
"""A day in steps of five minutes: longer seasons are none that so few days show."""
_SPARSE = 10
"""Times that fill fewer than one of so many steps follow no frequency."""


class Irregular(Exception):
    """Times that are no steps of one frequency; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Frequency:
    """The instants of all steps.

    Attributes:
        months: Between two steps; 0 where they are always the same time apart.
        us: Between two steps, in microseconds; 0 where they are months apart.
        first: Step 0: its instant, or where steps are months apart, its month, counted from year 0.
        day: Of the month, or its last one where it has fewer.
        us_of_day: After midnight, where steps are months apart.
    """

    months: int
    us: int
    first: int
    day: int = 1
    us_of_day: int = 0

    @classmethod
    def read(cls, document: Any) -> Self:
        """Return what was written.

        Raises:
            TypeError, ValueError: It is no frequency.
        """
        found = cls(**{name: int(value) for name, value in document.items()})
        if (found.months > 0) == (found.us > 0) or min(found.months, found.us) < 0:
            msg = f"{document} is no frequency"
            raise ValueError(msg)
        return found

    def written(self) -> dict[str, int]:
        """Return it as JSON has it."""
        return asdict(self)

    def steps_of(self, instants: Integers) -> Integers:
        """Return the numbers of the steps at these instants, each of which is one."""
        if self.months:
            return (_months(instants) - self.first) // self.months
        return (instants - self.first) // self.us

    def instants_of(self, steps: Integers) -> NDArray[np.datetime64]:
        """Return the instants of steps, as `datetime64[us]`."""
        found: NDArray[np.datetime64]
        if not self.months:
            found = (self.first + steps * self.us).astype("datetime64[us]")
            return found
        months = (self.first + steps * self.months - 1970 * _MONTHS_OF_YEAR).astype("datetime64[M]")
        days = np.minimum(self.day, _days_in(months)) - 1
        dates = months.astype("datetime64[D]") + days.astype("timedelta64[D]")
        found = dates + np.timedelta64(self.us_of_day, "us")
        return found

    @property
    def in_words(self) -> str:
        """How far two steps are apart, for people."""
        spans = {"day": _DAY_US, "hour": _HOUR_US, "minute": _MINUTE_US}
        units = ((self.months, "month"), *((self.us / span, unit) for unit, span in spans.items()))
        count, unit = next((each for each in units if each[0] >= 1), (self.us / _SECOND_US, "second"))
        return f"{count:g} {unit}{'' if count == 1 else 's'}"

    @property
    def season(self) -> int:
        """Steps after which a series of this frequency as a rule repeats itself; 1 where that is not known.

        A year of months or quarters or weeks, a week of days, a day of whatever is shorter.
        """
        if self.months:
            return _MONTHS_OF_YEAR // self.months if _MONTHS_OF_YEAR % self.months == 0 else 1
        if self.us == _DAY_US:
            return 7
        if self.us == 7 * _DAY_US:
            return 52
        is_part_of_day = self.us < _DAY_US and _DAY_US % self.us == 0
        return _DAY_US // self.us if is_part_of_day and _DAY_US // self.us <= _SEASON_MAX else 1

    @property
    def longer_season(self) -> int:
        """Steps of a week where the season is a day; 0 for all else."""
        return 7 * self.season if not self.months and self.us < _DAY_US and self.season > 1 else 0

    def calendar(self, steps: int) -> tuple[str, ...]:
        """Return what of the calendar may be learned from so many steps.

        Of fewer than two years, months are but another name of what happened then.
        """
        if self.months:
            return ("month",) if self.months % _MONTHS_OF_YEAR else ()
        month = ("month",) if steps * self.us >= 2 * _YEAR_US else ()
        if self.us % (7 * _DAY_US) == 0:
            return month
        if self.us % _DAY_US == 0:
            return ("weekday", "day", *month)
        return ("minute_of_day", "weekday", *month)

    def calendar_of(self, steps: Integers, names: Sequence[str]) -> Floats:
        """Return what the names of `calendar` stand for at steps, of shape (steps, names).

        Raises:
            KeyError: There is no such name.
        """
        instants = self.instants_of(steps)
        days, months = instants.astype("datetime64[D]"), instants.astype("datetime64[M]")
        read = {
            "month": months.astype(np.int64) % _MONTHS_OF_YEAR + 1,
            "day": (days - months).astype(np.int64) + 1,
            "weekday": (days.astype(np.int64) + 3) % 7,  # 1970 began on a Thursday; 0 is Monday
            "minute_of_day": (instants - days).astype(np.int64) // _MINUTE_US,
        }
        return np.array([read[name] for name in names], dtype=np.float64).reshape(-1, len(steps)).T

    def texts_of(self, steps: Integers) -> list[str]:
        """Return the instants in ISO 8601: as dates where each step is at midnight."""
        instants = self.instants_of(steps)
        shortest = int(np.gcd.reduce([self.us_of_day] if self.months else [self.us, self.first]))
        is_date = shortest % _DAY_US == 0
        unit = "D" if is_date else "s" if shortest % _SECOND_US == 0 else "us"
        return [str(each) if is_date else f"{each}Z" for each in instants.astype(f"datetime64[{unit}]")]


def frequency_of(series: Sequence[Integers]) -> Frequency:
    """Return the one frequency of all series.

    Args:
        series: The instants of each, ascending, none twice.

    Raises:
        Irregular: There is none.
    """
    all_times = np.unique(np.concatenate(series))
    if len(all_times) < 2:  # noqa: PLR2004 - a distance has two ends
        msg = "all rows are of one instant"
        raise Irregular(msg)
    found = _by_calendar(all_times) or Frequency(
        months=0, us=int(np.gcd.reduce(np.diff(all_times))), first=int(all_times[0])
    )
    steps = sum(int(np.ptp(found.steps_of(each))) + 1 for each in series)
    if steps > _SPARSE * sum(len(each) for each in series) + _SPARSE:
        if _is_by_changed_clocks(all_times):
            msg = (
                "they are whole days apart, but for an hour now and then, as where clocks are changed in summer. "
                "Write them as dates, or as local times without an offset"
            )
            raise Irregular(msg)
        place = int(np.argmin(np.diff(all_times)))
        near = [
            f"{each}Z" for each in all_times[place : place + 2].astype("datetime64[us]").astype("datetime64[s]")
        ]
        msg = f"some rows are near in time ({near[0]}, {near[1]}) and most others far from each other"
        raise Irregular(msg)
    return found


def _is_by_changed_clocks(times: Integers) -> bool:
    """Return whether all are at one hour of the day by clocks that are an hour ahead for a part of the year."""
    apart = np.diff(times)
    is_near_days = np.isin((apart + _HOUR_US) % _DAY_US, (0, _HOUR_US, 2 * _HOUR_US))
    return bool((is_near_days & (apart >= _DAY_US - _HOUR_US)).all())


def _by_calendar(times: Integers) -> Frequency | None:
    """Return the frequency in months; None where times are not on the same day of their months."""
    months, instants = _months(times), times.astype("datetime64[us]")
    begin = (months - 1970 * _MONTHS_OF_YEAR).astype("datetime64[M]")
    days = (instants.astype("datetime64[D]") - begin.astype("datetime64[D]")).astype(np.int64) + 1
    of_day = times % _DAY_US
    day = int(days.max())
    if (of_day != of_day[0]).any() or (days != np.minimum(day, _days_in(begin))).any() or months[0] == months[-1]:
        return None
    apart = int(np.gcd.reduce(np.diff(months)))
    return Frequency(months=apart, us=0, first=int(months[0]), day=day, us_of_day=int(of_day[0]))


def _months(instants: Integers) -> Integers:
    """Return the months of instants, counted from year 0."""
    months: Integers = instants.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    return months + 1970 * _MONTHS_OF_YEAR


def _days_in(months: NDArray[np.datetime64]) -> Integers:
    days: Integers = ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64)
    return days
