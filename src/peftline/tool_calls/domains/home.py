"""Lights, doors, cleaning, heating, blinds."""

from ..moments import CLOCK
from ..pools.places import DOOR, ROOM
from ..tools import Tool, optional, required
from ..values import Percent, Text, Whole, flag, one_of

TOOLS = (
    Tool(
        "set_lights",
        "Change how bright a room is",
        (required("room", Text(ROOM)), required("percent", Percent())),
        (
            "set the {room} lights to {percent}",
            "dim the lamps in the {room} to {percent}",
            "bring the brightness in the {room} to {percent}",
            "make the {room} light {percent} bright",
            "turn the lights in the {room} to {percent}",
        ),
    ),
    Tool(
        "lock_door",
        "Lock or unlock a door",
        (required("door", Text(DOOR)), required("locked", flag("locked; shut tight", "unlocked"))),
        (
            "make sure that the {door} is {locked}",
            "leave the {door} {locked}",
            "can the {door} be {locked} for the night?",
            "set the smart lock so that the {door} is {locked}",
            "see to it that the {door} is {locked}",
        ),
    ),
    Tool(
        "start_vacuum",
        "Send the cleaning robot",
        (
            required("room", Text(ROOM)),
            optional("mode", one_of(quiet="in quiet mode; quietly", turbo="in turbo mode")),
        ),
        (
            "vacuum the {room}[ {mode}]",
            "send the robot to clean the {room}[ {mode}]",
            "start hoovering the {room}[ {mode}]",
            "have the floor of the {room} cleaned[ {mode}]",
            "get the robot vacuum going in the {room}[ {mode}]",
        ),
    ),
    Tool(
        "set_thermostat",
        "Heat or cool a room",
        (
            required("room", Text(ROOM)),
            required("degrees", Whole(15, 27)),
            optional("until", CLOCK),
        ),
        (
            "set the {room} to {degrees} degrees[ until {until}]",
            "heat the {room} to {degrees} degrees[ until {until}]",
            "keep the {room} at {degrees} degrees[ until {until}]",
            "make it {degrees} degrees in the {room}[ until {until}]",
            "bring the temperature in the {room} to {degrees}[ until {until}]",
        ),
        "test",
    ),
    Tool(
        "close_blinds",
        "Lower the blinds of a room",
        (required("room", Text(ROOM)), optional("percent", Percent()), optional("at", CLOCK)),
        (
            "close the blinds in the {room}[ at {at}]",
            "lower the shades in the {room}[ to {percent}]",
            "shut the {room} blinds[ by {percent}][ at {at}]",
            "let the blinds in the {room} down[ by {percent}]",
            "draw the window blinds of the {room}[ at {at}]",
        ),
        "test",
    ),
)
