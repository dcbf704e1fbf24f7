"""Date and time functions (DMN 10.3.4.7 and 10.3.4.12). `now` is the scope's time: no clock is read here."""

from __future__ import annotations

from procession.feel.builtins.registry import builtin
from procession.feel.conversion import to_feel
from procession.feel.evaluation import Evaluation, Null
from procession.feel.properties import weekday
from procession.feel.temporal import add_months
from procession.feel.values import Date, DateTime, date_of_ordinal, days_in_month, number

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def day_of(value: Date | DateTime) -> Date:
    """The day of a date or a date and time."""
    return value.date if isinstance(value, DateTime) else value


def present(evaluation: Evaluation) -> DateTime:
    """The time of the running command."""
    if evaluation.clock is None:
        raise Null("there is no clock here")
    moment: DateTime = to_feel(evaluation.clock())
    return moment


@builtin("now()", needs_evaluation=True)
def now(evaluation: Evaluation) -> DateTime:
    return present(evaluation)


@builtin("today()", needs_evaluation=True)
def today(evaluation: Evaluation) -> Date:
    return present(evaluation).date


@builtin("day of year(date: date|date and time)")
def day_of_year(value: Date | DateTime) -> object:
    day = day_of(value)
    return number(day.ordinal() - Date(day.year, 1, 1).ordinal() + 1)


@builtin("day of week(date: date|date and time)")
def day_of_week(value: Date | DateTime) -> str:
    return DAYS[weekday(day_of(value)) - 1]


@builtin("month of year(date: date|date and time)")
def month_of_year(value: Date | DateTime) -> str:
    return MONTHS[day_of(value).month - 1]


@builtin("week of year(date: date|date and time)")
def week_of_year(value: Date | DateTime) -> object:
    # ISO 8601: the week's year is the year of its Thursday.
    day = day_of(value)
    thursday = date_of_ordinal(day.ordinal() - weekday(day) + 4)
    if thursday is None:
        raise Null("week of year: the date is out of range")
    return number((thursday.ordinal() - Date(thursday.year, 1, 1).ordinal()) // 7 + 1)


@builtin("last day of month(date: date|date and time)")
def last_day_of_month(value: Date | DateTime) -> Date | None:
    first = add_months(Date(day_of(value).year, day_of(value).month, 1), 0)
    return None if first is None else Date(first.year, first.month, days_in_month(first.year, first.month))
