"""Right values of each primitive type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from agreement.case import raw

_WORDS = "fever cough rash frost wound ankle dose clinic ward naïve Grüße 体温 follow-up".split()
_DAYS = ("2023-01-31", "2024-02-29", "2020-12-01", "1999-07-15")
_TIMES = ("00:00:00", "12:30:05", "23:59:59", "08:15:00.123")
_ZONES = ("Z", "+02:00", "-05:30", "+14:00")
_DECIMALS = ("0.5", "1.0", "37.25", "100", "0.010", "1e2", "-2.5", "12345678901234567890.5")
_URIS = (
    "http://example.org/things/one",
    "https://example.org/a?b=c&d=e",
    "urn:oid:2.16.840.1.113883",
    "urn:uuid:0c6bba1d-2b69-4d92-9a5c-3a8c8f3b9d11",
)


def words(random: Random) -> str:
    """One to three words."""
    return " ".join(random.choices(_WORDS, k=random.randint(1, 3)))


def date(random: Random) -> str:
    """A date of any precision."""
    return random.choice(_DAYS)[: random.choice((4, 7, 10, 10))]


def date_time(random: Random) -> str:
    """A dateTime of any precision."""
    return instant(random) if random.random() < 0.5 else date(random)


def instant(random: Random) -> str:
    """A time to the second, with its zone."""
    return f"{random.choice(_DAYS)}T{random.choice(_TIMES)}{random.choice(_ZONES)}"


VALUES: Mapping[str, Callable[[Random], object]] = {
    "boolean": lambda random: random.random() < 0.5,
    "integer": lambda random: random.choice((-3, 0, 1, 7, 2147483647)),
    "positiveInt": lambda random: random.choice((1, 2, 40)),
    "unsignedInt": lambda random: random.choice((0, 1, 25)),
    "integer64": lambda random: random.choice(("0", "12", "9007199254740993")),
    "decimal": lambda random: raw(random.choice(_DECIMALS)),
    "string": words,
    "markdown": lambda random: f"{words(random)}\n\n* {words(random)}\n",
    "code": lambda random: random.choice(("one", "two-three", "with space")),
    "uri": lambda random: random.choice(_URIS),
    "url": lambda random: random.choice(_URIS[:2]),
    "canonical": lambda random: random.choice(("http://example.org/fhir/Library/one|1.0", "http://example.org/x")),
    "id": lambda random: f"id-{random.randint(1, 10**6)}",
    "oid": lambda random: random.choice(("urn:oid:2.16.840.1.113883", "urn:oid:1.2.3")),
    "uuid": lambda random: "urn:uuid:0c6bba1d-2b69-4d92-9a5c-3a8c8f3b9d11",
    "base64Binary": lambda random: random.choice(("aGVsbG8=", "AAECAw==", "Zm9v")),
    "date": date,
    "dateTime": date_time,
    "instant": instant,
    "time": lambda random: random.choice(_TIMES),
}
