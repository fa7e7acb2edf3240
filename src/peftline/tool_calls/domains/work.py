"""Hours, tickets, leave, meeting rooms."""

from ..moments import CLOCK, DATE, MINUTES
from ..pools.people import PERSON
from ..pools.places import MEETING_ROOM
from ..pools.texts import LEAVE_REASON, TICKET_TITLE
from ..pools.titles import PROJECT
from ..tools import Tool, optional, required
from ..values import Code, Decimal, Text, Whole, one_of

TOOLS = (
    Tool(
        "log_hours",
        "Record time worked",
        (
            required("project", Text(PROJECT)),
            required("hours", Decimal(2, 9)),
            optional("day", DATE),
        ),
        (
            "book {hours} hours on project {project}[ for {day}]",
            "log {hours} hours of work on {project}[ on {day}]",
            "record that I worked {hours} hours on {project}[ on {day}]",
            "put {hours} hours for {project} on my timesheet[ for {day}]",
            "enter {hours} working hours under {project}[ on {day}]",
        ),
    ),
    Tool(
        "create_ticket",
        "Report a fault or wish",
        (
            required("title", Text(TICKET_TITLE)),
            optional("priority", one_of(low="low; minor", normal="normal", high="high; top")),
        ),
        (
            'open a ticket "{title}"[ with {priority} priority]',
            'create a[ {priority} priority] ticket titled "{title}"',
            'report "{title}" to the tracker[ with {priority} priority]',
            'file the issue "{title}"[, {priority} priority]',
            'add "{title}" to the bug tracker[ as {priority} priority]',
        ),
    ),
    Tool(
        "assign_ticket",
        "Give a ticket to a colleague",
        (required("ticket", Code("AAA-99")), required("person", Text(PERSON))),
        (
            "assign {ticket} to {person}",
            "give ticket {ticket} to {person}",
            "let {person} take care of ticket {ticket}",
            "hand {ticket} over to {person}",
            "make {person} responsible for ticket {ticket}",
        ),
    ),
    Tool(
        "request_leave",
        "Ask for days off",
        (
            required("first_day", DATE),
            required("days", Whole(2, 21)),
            optional("reason", Text(LEAVE_REASON)),
        ),
        (
            "request {days} days of leave from {first_day}[ (reason: {reason})]",
            "ask for {days} days off starting on {first_day}[, reason: {reason}]",
            "tell my boss that I will be away for {days} days from {first_day}[, reason: {reason}]",
            "put in for a holiday of {days} days beginning on {first_day}",
            "apply for time off from {first_day} for {days} days[; the reason is {reason}]",
        ),
        "test",
    ),
    Tool(
        "book_meeting_room",
        "Reserve a room in the office",
        (
            required("room", Text(MEETING_ROOM)),
            required("day", DATE),
            required("start", CLOCK),
            optional("minutes", MINUTES),
        ),
        (
            "book {room} on {day} at {start}[ for {minutes}] for a meeting",
            "reserve {room} for our meeting on {day} at {start}[ for {minutes}]",
            "keep {room} free for our meeting on {day} at {start}[ for {minutes}]",
            "get us {room} for a meeting on {day} at {start}[, lasting {minutes}]",
            "hold {room} for our team from {start}[ for {minutes}] on {day}",
        ),
        "test",
    ),
)
