"""Recipes, shopping lists, meals, restaurant tables."""

from ..moments import CLOCK, DATE, MINUTES
from ..pools.places import RESTAURANT
from ..pools.things import DISH, GROCERY
from ..tools import Tool, optional, required
from ..values import Listing, Text, Whole, flag

TOOLS = (
    Tool(
        "find_recipe",
        "Find cooking instructions",
        (
            required("dish", Text(DISH)),
            optional("max_minutes", MINUTES),
            optional("vegan", flag("without animal products; that is vegan", "not vegan")),
        ),
        (
            "find a recipe for {dish}[ that takes at most {max_minutes}]",
            "show me how to make {dish}[ in no more than {max_minutes}]",
            "give me a recipe for {dish}[ {vegan}]",
            "look up how {dish} can be cooked[ in under {max_minutes}]",
            "how do I make {dish}[ in {max_minutes} or less]?",
        ),
    ),
    Tool(
        "order_meal",
        "Order food for delivery",
        (required("restaurant", Text(RESTAURANT)), required("dishes", Listing(DISH, 1, 3))),
        (
            "order {dishes} from {restaurant}",
            "have {restaurant} deliver {dishes}",
            "get me {dishes} delivered from {restaurant}",
            "place a delivery order at {restaurant}: {dishes}",
            "ask {restaurant} to bring us {dishes}",
        ),
    ),
    Tool(
        "add_to_shopping_list",
        "Put groceries on the list",
        (
            required("items", Listing(GROCERY)),
            optional("urgent", flag("as urgent", "as not urgent")),
        ),
        (
            "add {items} to the shopping list",
            "put {items} on my grocery list[, marked {urgent}]",
            "note down that we need {items} from the supermarket",
            "write {items} on the shopping list[, {urgent}]",
            "extend the grocery list by {items}",
        ),
    ),
    Tool(
        "count_calories",
        "Calories in a food",
        (required("food", Text(DISH)), required("grams", Whole(50, 600, 10))),
        (
            "count the calories in {grams} grams of {food}",
            "tell me how many calories {grams} g of {food} has",
            "work out the energy in {grams} grams of {food}",
            "how many calories are in {grams} grams of {food}?",
            "calculate the calories for {food}, {grams} grams",
        ),
    ),
    Tool(
        "book_table",
        "Reserve at a restaurant",
        (
            required("restaurant", Text(RESTAURANT)),
            required("people", Whole(2, 12)),
            required("day", DATE),
            optional("at", CLOCK),
        ),
        (
            "book a table for {people} at {restaurant} on {day}[ at {at}]",
            "get us in at {restaurant} on {day}[ at {at}]; we are {people} people",
            "reserve dinner for {people} people at {restaurant} on {day}[, {at}]",
            "make a reservation at {restaurant} for {people} guests on {day}[ at {at}]",
            "ask {restaurant} to keep a table for {people} on {day}[ at {at}]",
        ),
        "test",
    ),
    Tool(
        "cancel_table",
        "Give up a restaurant reservation",
        (required("restaurant", Text(RESTAURANT)), required("day", DATE)),
        (
            "cancel our table at {restaurant} on {day}",
            "tell {restaurant} that we are not coming on {day}",
            "call off the dinner booking at {restaurant} for {day}",
            "drop my reservation at {restaurant} on {day}",
            "let {restaurant} know that they can give our table on {day} to someone else",
        ),
        "test",
    ),
)
