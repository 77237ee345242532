"""Makes exchange-hours.json, and the fixture that checks how it is read, from exchange_calendars:

    python3 -m venv v && v/bin/pip install exchange_calendars==4.13.2 tzdata && v/bin/python make-table.py

Deterministic for one version of the package. Hours are the exchange's own time; nothing is made up: what the package
does not know (sudden closures, typhoons, elections called late) is not here either.
"""

import bisect
import collections
import hashlib
import json
import pathlib
import random

import exchange_calendars as xc
import pandas as pd

assert xc.__version__ == "4.13.2", xc.__version__
FIRST, LAST = "2005-01-01", "2027-12-31"
EXCHANGES = "XNYS XTSE XLON XETR XPAR XAMS XMIL XMAD XCSE XHKG XTKS XKRX".split()
# Other hours for at least so many sessions in a row are new regular hours.
REGULAR_SESSIONS = 40
SAMPLES = 40

here = pathlib.Path(__file__).parent
fixture_dir = here.parents[2] / "test/src/market/calendar"
minute = lambda at: "" if pd.isna(at) else str(int(at.timestamp()) // 60)


def hours(row, zone):
    """"09:30-16:00", with a break "09:30-12:00 13:00-16:00"."""
    local = lambda at: at.tz_convert(zone).strftime("%H:%M")
    if pd.isna(row["break_start"]):
        return f"{local(row['open'])}-{local(row['close'])}"
    return f"{local(row['open'])}-{local(row['break_start'])} {local(row['break_end'])}-{local(row['close'])}"


def table_of(calendar):
    days = [day.strftime("%Y-%m-%d") for day in calendar.schedule.index]
    assert all(day.day_of_week < 5 for day in calendar.schedule.index), calendar.name
    found = [hours(row, calendar.tz) for _, row in calendar.schedule.iterrows()]
    regular = collections.Counter(found[:REGULAR_SESSIONS]).most_common(1)[0][0]
    rules, special = {days[0]: regular}, {}
    for at, (day, own) in enumerate(zip(days, found)):
        if own == regular:
            continue
        if found[at : at + REGULAR_SESSIONS] == [own] * REGULAR_SESSIONS:
            rules[day] = regular = own
        else:
            special[day] = own
    weekdays = pd.bdate_range(days[0], LAST)
    closed = {}
    for day in weekdays.difference(calendar.schedule.index):
        closed.setdefault(str(day.year), []).append(day.strftime("%m-%d"))
    closed = {year: " ".join(monthdays) for year, monthdays in closed.items()}
    return {"zone": str(calendar.tz), "from": days[0], "until": LAST, "rules": rules, "closed": closed, "special": special}


def samples_of(name, calendar, rng):
    edges = calendar.schedule[["open", "break_start", "break_end", "close"]].stack().dropna().tolist()
    # The second half of a day with a break opens too; the package's next_open passes over it.
    opens = sorted(calendar.schedule["open"].tolist() + calendar.schedule["break_end"].dropna().tolist())
    low, high = edges[0].timestamp() // 60, edges[-1].timestamp() // 60 - 60 * 24 * 14
    for number in range(SAMPLES):
        at = rng.randrange(int(low), int(high))
        if number % 2:
            at = int(rng.choice(edges[:-60]).timestamp()) // 60 + rng.choice([-1, 0, 1])
        instant = pd.Timestamp(at * 60, unit="s", tz="UTC")
        is_open = calendar.is_open_at_time(instant, side="left")
        yield f"{name},{at},{int(is_open)},{minute(opens[bisect.bisect_right(opens, instant)])}"


table, digests, samples = {}, {}, []
rng = random.Random(1)
for name in EXCHANGES:
    calendar = xc.get_calendar(name, start=FIRST, end=LAST)
    table[name] = table_of(calendar)
    columns = ["open", "break_start", "break_end", "close"]
    for year, part in calendar.schedule.groupby(calendar.schedule.index.year):
        text = "\n".join(",".join(minute(row[column]) for column in columns) for _, row in part.iterrows())
        digests.setdefault(name, {})[str(year)] = f"{len(part)} {hashlib.sha256(text.encode()).hexdigest()[:16]}"
    samples += samples_of(name, calendar, rng)

(here / "exchange-hours.json").write_text(json.dumps(table, indent=2) + "\n")
(fixture_dir / "schedule-digests.json").write_text(json.dumps(digests, indent=2) + "\n")
(fixture_dir / "instants.csv").write_text("\n".join(["exchange,minute,open,next_open", *samples, ""]))
