"""Forecasts, daylight, air, wind, snow."""

from ..moments import DATE
from ..pools.places import CITY, RESORT
from ..tools import Tool, optional, required
from ..values import Text, one_of

TOOLS = (
    Tool(
        "get_forecast",
        "Weather on a day",
        (
            required("city", Text(CITY)),
            required("day", DATE),
            optional("unit", one_of(celsius="in Celsius", fahrenheit="in Fahrenheit")),
        ),
        (
            "get the forecast for {city} on {day}[ {unit}]",
            "check what the weather in {city} will be on {day}[ {unit}]",
            "tell me the weather for {day} in {city}[, {unit}]",
            "what will the weather be like in {city} on {day}[, {unit}]?",
            "how warm will it be in {city} on {day}[ {unit}]?",
        ),
    ),
    Tool(
        "get_sunrise",
        "When the sun comes up",
        (required("city", Text(CITY)), optional("day", DATE)),
        (
            "find out when the sun comes up in {city}[ on {day}]",
            "look up the time of sunrise in {city}[ on {day}]",
            "tell me when it gets light in {city}[ on {day}]",
            "when does the sun rise in {city}[ on {day}]?",
            "give me the sunrise time for {city}[ on {day}]",
        ),
    ),
    Tool(
        "air_quality",
        "How clean the air is",
        (
            required("city", Text(CITY)),
            optional("detail", one_of(short="briefly; in short", full="in full detail")),
        ),
        (
            "check the air quality in {city}",
            "tell me[ {detail}] how clean the air in {city} is",
            "report[ {detail}] on the air pollution in {city}",
            "see if there is smog in {city}",
            "how bad is the air in {city}?",
        ),
    ),
    Tool(
        "wind_speed",
        "How strongly it blows",
        (
            required("city", Text(CITY)),
            optional("day", DATE),
            optional("unit", one_of(kmh="in km/h", knots="in knots", mph="in mph")),
        ),
        (
            "check the wind in {city}[ on {day}][ {unit}]",
            "look up how windy {city} is[ on {day}][, {unit}]",
            "tell me how strong the wind in {city} is[, {unit}]",
            "how hard will it blow in {city}[ on {day}]?",
            "give me the wind speed for {city}[ {unit}]",
        ),
        "validation",
    ),
    Tool(
        "snow_depth",
        "Snow at a ski resort",
        (required("resort", Text(RESORT)), optional("day", DATE)),
        (
            "check how much snow there is at {resort}[ on {day}]",
            "look up the snow depth at {resort}[ on {day}]",
            "find out how deep the snow at {resort} is[ on {day}]",
            "is there enough snow for skiing at {resort}[ on {day}]?",
            "get the snow report for {resort}[ on {day}]",
        ),
        "validation",
    ),
)
