"""Events: create, cancel, invite, move; free time."""

from ..moments import CLOCK, DATE, MINUTES
from ..pools.people import PERSON
from ..pools.titles import EVENT
from ..tools import Tool, optional, required
from ..values import Listing, Text

TOOLS = (
    Tool(
        "create_event",
        "Add an entry to the calendar",
        (
            required("title", Text(EVENT)),
            required("day", DATE),
            optional("start", CLOCK),
            optional("minutes", MINUTES),
        ),
        (
            "put {title} in my calendar on {day}[ at {start}]",
            "create an event called {title} on {day}[ at {start}][ for {minutes}]",
            "schedule {title} for {day}[ at {start}]",
            "add {title} to the calendar for {day}[ at {start}][, lasting {minutes}]",
            "block out {day}[ at {start}] for {title} in my diary",
        ),
    ),
    Tool(
        "cancel_event",
        "Remove an entry from the calendar",
        (required("title", Text(EVENT)), optional("day", DATE)),
        (
            "cancel {title}[ on {day}]",
            "delete {title}[ on {day}] from my calendar",
            "take {title}[ on {day}] off the calendar",
            "call off {title}[ on {day}]",
            "remove the entry {title}[ on {day}] from the diary",
        ),
    ),
    Tool(
        "invite_to_event",
        "Invite guests to an entry",
        (required("title", Text(EVENT)), required("guests", Listing(PERSON, 1, 3))),
        (
            "invite {guests} to {title}",
            "ask {guests} to come to {title}",
            "send {guests} an invitation to {title}",
            "put {guests} on the guest list of {title}",
            "have {guests} join {title}",
        ),
    ),
    Tool(
        "move_event",
        "Reschedule a calendar entry",
        (
            required("title", Text(EVENT)),
            required("new_day", DATE),
            optional("new_start", CLOCK),
        ),
        (
            "move {title} to {new_day}[ at {new_start}]",
            "reschedule {title} for {new_day}[ at {new_start}]",
            "push {title} back to {new_day}[ at {new_start}]",
            "change the date of {title} to {new_day}[, starting at {new_start}]",
            "shift the entry {title} to {new_day}[ at {new_start}]",
        ),
        "validation",
    ),
    Tool(
        "find_free_slot",
        "Find when a person has time",
        (
            required("person", Text(PERSON)),
            required("minutes", MINUTES),
            optional("day", DATE),
        ),
        (
            "find {minutes} when {person} is free[ on {day}]",
            "look for a gap of {minutes} in the calendar of {person}[ on {day}]",
            "see when {person} has {minutes} to spare[ on {day}]",
            "check the diary of {person}[ on {day}] for {minutes} of free time",
            "when does {person} have {minutes} free[ on {day}]?",
        ),
        "validation",
    ),
)
