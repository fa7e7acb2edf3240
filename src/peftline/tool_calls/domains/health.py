"""Weight, workouts, doctors, sleep, medicines."""

from ..moments import CLOCK, DATE, MINUTES
from ..pools.people import PERSON
from ..pools.things import ACTIVITY, MEDICINE
from ..tools import Tool, optional, required
from ..values import Decimal, Text, Whole, one_of

TOOLS = (
    Tool(
        "log_weight",
        "Record body weight",
        (required("kilograms", Decimal(45, 120)), optional("day", DATE)),
        (
            "note that I weigh {kilograms} kilos[ as of {day}]",
            "record my weight as {kilograms} kg[ on {day}]",
            "put down {kilograms} kilograms as my weight[ on {day}]",
            "enter a body weight of {kilograms} kg[ for {day}]",
            "write down that the scale showed {kilograms} kilos for me[ on {day}]",
        ),
    ),
    Tool(
        "log_workout",
        "Record exercise",
        (
            required("activity", Text(ACTIVITY)),
            required("minutes", MINUTES),
            optional("day", DATE),
        ),
        (
            "log {minutes} of {activity}[ on {day}]",
            "record that I did {activity} for {minutes}[ on {day}]",
            "add {minutes} of {activity} to my training diary[ for {day}]",
            "note a workout: {activity}, {minutes}[, on {day}]",
            "save {activity} for {minutes} as exercise[ on {day}]",
        ),
    ),
    Tool(
        "book_doctor",
        "Make a medical appointment",
        (
            required("doctor", Text(PERSON)),
            required("day", DATE),
            optional("at", CLOCK),
        ),
        (
            "make a medical appointment with {doctor} on {day}[ at {at}]",
            "get me a doctor's appointment with {doctor} for {day}[ at {at}]",
            "book a check-up with {doctor} on {day}[ at {at}]",
            "arrange for {doctor} to examine me on {day}[ at {at}]",
            "ask the surgery for an appointment with {doctor} on {day}[ at {at}]",
        ),
    ),
    Tool(
        "log_sleep",
        "Record a night's rest",
        (
            required("hours", Decimal(3, 11)),
            optional("day", DATE),
            optional("quality", one_of(good="well; soundly", poor="badly; poorly")),
        ),
        (
            "record that I slept[ {quality}] for {hours} hours[ on {day}]",
            "note {hours} hours in bed asleep[ on {day}]",
            "write down that I slept {hours} hours[ on {day}]",
            "log a night of {hours} hours[ on {day}]",
            "enter into my sleep diary that I slept[ {quality}] for {hours} hours",
        ),
        "test",
    ),
    Tool(
        "add_medicine",
        "Plan doses to take",
        (
            required("medicine", Text(MEDICINE)),
            required("times_per_day", Whole(2, 6)),
            optional("until", DATE),
        ),
        (
            "remind me to take {medicine} {times_per_day} times a day[ until {until}]",
            "add {medicine} to my plan, {times_per_day} times a day[, until {until}]",
            "plan doses of {medicine} {times_per_day} times daily[ until {until}]",
            "put me on {medicine}, {times_per_day} times per day[ until {until}]",
            "schedule {times_per_day} daily doses of {medicine}[ until {until}]",
        ),
        "test",
    ),
)
