"""Feeding, gardens, vets, pet food."""

from ..moments import CLOCK, DATE, MINUTES
from ..pools.people import PET, PET_FOOD, PET_SPECIES
from ..pools.places import ZONE
from ..pools.texts import VET_REASON
from ..tools import Tool, optional, required
from ..values import Decimal, Text, Whole, flag

TOOLS = (
    Tool(
        "feed_pet",
        "Open the automatic feeder",
        (required("pet", Text(PET)), required("grams", Whole(10, 200, 5)), optional("at", CLOCK)),
        (
            "feed {pet} {grams} grams[ at {at}]",
            "give {pet} {grams} grams of food[ at {at}]",
            "have the feeder give {pet} {grams} g[ at {at}]",
            "put {grams} grams in the bowl of {pet}[ at {at}]",
            "let {pet} have {grams} grams of dry food[ at {at}]",
        ),
    ),
    Tool(
        "water_garden",
        "Turn on the sprinklers",
        (
            required("zone", Text(ZONE)),
            required("minutes", MINUTES),
            optional("at", CLOCK),
        ),
        (
            "water the {zone} for {minutes}[ at {at}]",
            "run the sprinklers on the {zone} for {minutes}[ at {at}]",
            "give the {zone} water for {minutes}[ at {at}]",
            "sprinkle the {zone} for {minutes}[, starting at {at}]",
            "turn the water on for the {zone} for {minutes}[ at {at}]",
        ),
    ),
    Tool(
        "register_pet",
        "Add an animal to the owner's account",
        (
            required("name", Text(PET)),
            required("species", Text(PET_SPECIES)),
            optional("indoor", flag("living indoors", "living outdoors")),
        ),
        (
            "register my {species} {name}[, {indoor}]",
            "add {name} the {species} to my account[, {indoor}]",
            "put our {species} called {name} on my account[, {indoor}]",
            "sign up {name}, our {species}[, {indoor}]",
            "enter our new {species} under the name {name}[, {indoor}]",
        ),
    ),
    Tool(
        "book_vet",
        "Have an animal examined",
        (
            required("pet", Text(PET)),
            required("day", DATE),
            optional("reason", Text(VET_REASON)),
        ),
        (
            "book the vet for {pet} on {day}[, reason: {reason}]",
            "take {pet} to the vet on {day}[, the reason being {reason}]",
            "get {pet} an appointment at the animal clinic on {day}[ (reason: {reason})]",
            "have a vet look at {pet} on {day}[; reason: {reason}]",
            "arrange a visit to the vet with {pet} for {day}[ because of {reason}]",
        ),
        "validation",
    ),
    Tool(
        "order_pet_food",
        "Buy food for animals",
        (
            required("brand", Text(PET_FOOD)),
            required("kilograms", Decimal(2, 20)),
            optional("subscription", flag("as a subscription", "as a single purchase")),
        ),
        (
            "order {kilograms} kilos of {brand}[ {subscription}]",
            "buy {kilograms} kilograms of {brand} for the pets[ {subscription}]",
            "get {kilograms} kg of {brand} pet food[ {subscription}]",
            "restock the pet food: {kilograms} kilos of {brand}[, {subscription}]",
            "have {kilograms} kilos of {brand} sent to us for the animals",
        ),
        "validation",
    ),
)
