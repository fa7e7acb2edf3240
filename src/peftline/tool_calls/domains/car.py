"""Charging, service, mileage, parking, insurance."""

from ..moments import CLOCK, DATE
from ..pools.places import CITY, GARAGE, PLACE
from ..tools import Tool, optional, required
from ..values import Code, Decimal, Text, Whole, flag

TOOLS = (
    Tool(
        "find_charger",
        "Search charging points for electric cars",
        (
            required("city", Text(CITY)),
            optional("min_kilowatts", Whole(20, 300, 10)),
            optional("covered", flag("under a roof", "in the open air")),
        ),
        (
            "find a charging point in {city}[ with at least {min_kilowatts} kilowatts]",
            "show me where I can charge my car in {city}[ {covered}]",
            "look for a charger in {city}[ that gives {min_kilowatts} kW or more]",
            "search {city} for a place to plug in an electric car[ {covered}]",
            "where in {city} can I charge an electric car[ {covered}]?",
        ),
    ),
    Tool(
        "book_service",
        "Have the car looked after",
        (
            required("garage", Text(GARAGE)),
            required("day", DATE),
            optional("at", CLOCK),
        ),
        (
            "book the car in for a service at {garage} on {day}[ at {at}]",
            "get my car serviced by {garage} on {day}",
            "have {garage} look after the car on {day}[ at {at}]",
            "arrange a car service with {garage} for {day}[ at {at}]",
            "ask {garage} to service the car on {day}[ at {at}]",
        ),
    ),
    Tool(
        "log_mileage",
        "Record a distance driven",
        (required("kilometres", Whole(5, 900)), optional("day", DATE)),
        (
            "note that I drove {kilometres} kilometres[ on {day}]",
            "record {kilometres} km of driving[ on {day}]",
            "add {kilometres} kilometres to the driving log[ for {day}]",
            "write down a drive of {kilometres} km[ on {day}]",
            "enter {kilometres} kilometres in the logbook of the car[ for {day}]",
        ),
    ),
    Tool(
        "reserve_parking",
        "Keep a space for the car",
        (
            required("place", Text(PLACE)),
            required("day", DATE),
            required("hours", Decimal(2, 10)),
            optional("covered", flag("under a roof", "in the open air")),
        ),
        (
            "reserve parking at {place} on {day} for {hours} hours[ {covered}]",
            "book a parking space near {place} for {hours} hours on {day}[, {covered}]",
            "hold a space for my car at {place} on {day} for {hours} hours[, {covered}]",
            "find me somewhere to leave the car at {place} for {hours} hours on {day}",
            "secure a parking spot at {place} on {day}[ {covered}] for {hours} hours",
        ),
        "test",
    ),
    Tool(
        "renew_insurance",
        "Extend the cover of a vehicle",
        (
            required("plate", Code("AA-9999")),
            required("months", Whole(3, 24)),
            optional("start", DATE),
        ),
        (
            "renew the insurance of {plate} for {months} months[ from {start}]",
            "insure the car {plate} for another {months} months[, starting on {start}]",
            "extend the policy for plate {plate} by {months} months[ from {start}]",
            "keep {plate} insured for {months} more months[ from {start}]",
            "prolong the cover of {plate} by {months} months[, beginning on {start}]",
        ),
        "test",
    ),
)
