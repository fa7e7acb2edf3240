"""Cinema, concerts, results of matches."""

from ..moments import CLOCK, DATE
from ..pools.people import ARTIST, TEAM
from ..pools.places import CITY, PLACE
from ..pools.titles import FILM
from ..tools import Tool, optional, required
from ..values import Text, Whole, flag

TOOLS = (
    Tool(
        "buy_cinema_tickets",
        "Buy seats for a film",
        (
            required("film", Text(FILM)),
            required("seats", Whole(2, 8)),
            required("day", DATE),
            optional("at", CLOCK),
        ),
        (
            "buy {seats} tickets for the film {film} on {day}[ at {at}]",
            "get {seats} seats for {film} at the cinema on {day}[ at {at}]",
            "book {seats} cinema seats on {day}[ at {at}] for {film}",
            "reserve {seats} places to see the film {film} on {day}",
            "take {seats} of us to the cinema on {day}[ at {at}] to see {film}",
        ),
    ),
    Tool(
        "find_concerts",
        "List gigs of an artist",
        (
            required("artist", Text(ARTIST)),
            optional("city", Text(CITY)),
            optional("free_entry", flag("with free entry", "with paid entry")),
        ),
        (
            "find concerts by {artist}[ in {city}]",
            "show me where {artist} can be seen live[, only shows {free_entry}]",
            "list gigs of {artist}[ in {city}]",
            "look for live shows by {artist}[ in {city}]",
            "does {artist} play live[ in {city}]?",
        ),
    ),
    Tool(
        "match_result",
        "Score of a team's match",
        (required("team", Text(TEAM)), optional("day", DATE)),
        (
            "look up how {team} did[ on {day}]",
            "get me the final score of {team}[ on {day}]",
            "tell me the result of the {team} match[ on {day}]",
            "did {team} win[ on {day}]?",
            "check the result of the game that {team} played[ on {day}]",
        ),
    ),
    Tool(
        "find_parade",
        "Search street festivals",
        (required("place", Text(PLACE)), required("day", DATE)),
        (
            "find out if there is a street festival near {place} on {day}",
            "look for parades at {place} on {day}",
            "search for a street party around {place} on {day}",
            "is there a parade at {place} on {day}?",
            "check which festivals take place around {place} on {day}",
        ),
    ),
)
