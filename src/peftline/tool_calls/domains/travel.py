"""Trains, hotels, flights, rental cars, taxis."""

from ..moments import CLOCK, DATE
from ..pools.places import CITY, PLACE
from ..tools import Tool, optional, required
from ..values import Code, Money, Text, Whole, flag

TOOLS = (
    Tool(
        "book_train",
        "Buy a train ticket",
        (
            required("origin", Text(CITY)),
            required("destination", Text(CITY)),
            required("day", DATE),
            optional("first_class", flag("in first class", "in second class")),
        ),
        (
            "book a train from {origin} to {destination} on {day}[ {first_class}]",
            "get me a rail ticket to {destination} from {origin} for {day}[, {first_class}]",
            "reserve a seat on the train from {origin} to {destination} on {day}[, {first_class}]",
            "buy a ticket so that I can go by rail from {origin} to {destination} on {day}",
            "find me a train leaving {origin} for {destination} on {day}[, {first_class}]",
        ),
    ),
    Tool(
        "find_hotel",
        "Search hotel rooms",
        (
            required("city", Text(CITY)),
            required("arrival", DATE),
            required("nights", Whole(2, 14)),
            optional("max_price", Money(60, 300)),
        ),
        (
            "find a hotel in {city} for {nights} nights from {arrival}[, up to {max_price} each]",
            "look for a room in {city} from {arrival} for {nights} nights[ under {max_price}]",
            "search for somewhere to sleep in {city}, arriving on {arrival}, for {nights} nights",
            "show me hotels in {city} for a stay of {nights} nights starting on {arrival}"
            "[, no more than {max_price} per night]",
            "which hotels in {city} have a room for {nights} nights from {arrival}?",
        ),
    ),
    Tool(
        "flight_status",
        "See if a flight is on time",
        (required("flight", Code("AA999")), optional("day", DATE)),
        (
            "check if flight {flight}[ on {day}] is on time",
            "look up the status of flight {flight}[ on {day}]",
            "find out whether {flight} is delayed[ on {day}]",
            "is flight {flight} running late[ on {day}]?",
            "will {flight} land on schedule[ on {day}]?",
        ),
    ),
    Tool(
        "rent_car",
        "Rent a vehicle",
        (
            required("city", Text(CITY)),
            required("start", DATE),
            required("days", Whole(2, 14)),
            optional("automatic", flag("with automatic gears; an automatic", "with manual gears")),
        ),
        (
            "rent a car in {city} for {days} days from {start}[, {automatic}]",
            "hire a car for {days} days in {city}, starting on {start}[, {automatic}]",
            "get me a rental in {city} on {start} for {days} days[, {automatic}]",
            "arrange a hire car from {start} for {days} days in {city}[, {automatic}]",
            "find something to drive in {city} for {days} days, picking it up on {start}",
        ),
        "test",
    ),
    Tool(
        "book_taxi",
        "Order a ride",
        (
            required("pickup", Text(PLACE)),
            required("destination", Text(PLACE)),
            required("at", CLOCK),
            optional("passengers", Whole(2, 7)),
        ),
        (
            "order a taxi from {pickup} to {destination} at {at}[ for {passengers} people]",
            "get a cab at {at} to take me from {pickup} to {destination}",
            "send a car to {pickup} at {at} to drive[ {passengers} of] us to {destination}",
            "have a driver pick us up at {pickup} at {at} and take us to {destination}"
            "[; there are {passengers} of us]",
            "book a ride to {destination} from {pickup} at {at}[ for {passengers} passengers]",
        ),
        "test",
    ),
)
