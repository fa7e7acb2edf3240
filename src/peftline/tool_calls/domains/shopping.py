"""Baskets, orders, prices, returns."""

from ..pools.texts import RETURN_REASON
from ..pools.things import PRODUCT, SHOP
from ..tools import Tool, optional, required
from ..values import Code, Listing, Money, Text, Whole, flag, one_of

TOOLS = (
    Tool(
        "add_to_basket",
        "Put products in the online basket",
        (
            required("product", Text(PRODUCT)),
            required("quantity", Whole(2, 15, dozen=True)),
            optional("colour", one_of(red="in red", blue="in blue", black="in black")),
            optional("gift_wrap", flag("gift-wrapped", "without gift wrapping")),
        ),
        (
            "add {quantity} {product}[ {colour}] to my basket",
            "put {quantity} {product}[ {colour}] in the online basket[, {gift_wrap}]",
            "place {quantity} {product} in my basket[ {gift_wrap}]",
            "drop {quantity} {product} into the basket[, {colour}]",
            "load the basket with {quantity} {product}[ {colour}]",
        ),
    ),
    Tool(
        "track_order",
        "See where a parcel is",
        (required("order", Code("A-9999")),),
        (
            "track order {order}",
            "find out where my parcel {order} is",
            "tell me when order {order} will get here",
            "where is my order {order}?",
            "has parcel {order} been sent off yet?",
        ),
    ),
    Tool(
        "compare_prices",
        "Compare what shops charge",
        (required("product", Text(PRODUCT)), optional("shops", Listing(SHOP, 2, 3))),
        (
            "compare the prices of {product}[ at {shops}]",
            "find out who sells {product} for the least[: {shops}]",
            "see where {product} cost less[, comparing {shops}]",
            "check what {product} cost in different shops[, namely {shops}]",
            "which shop is the cheapest for {product}[ out of {shops}]?",
        ),
    ),
    Tool(
        "return_order",
        "Send goods back",
        (required("order", Code("A-9999")), optional("reason", Text(RETURN_REASON))),
        (
            "return order {order}[, reason: {reason}]",
            "send order {order} back[ because of this: {reason}]",
            "arrange for order {order} to be picked up and refunded[, reason: {reason}]",
            "get me my money back for order {order}[ (reason: {reason})]",
            "ship {order} back to the seller[; the reason is: {reason}]",
        ),
        "test",
    ),
    Tool(
        "set_price_alert",
        "Warn when something gets cheap",
        (required("product", Text(PRODUCT)), required("below", Money(10, 500))),
        (
            "tell me when {product} drop below {below}",
            "alert me as soon as {product} cost less than {below}",
            "watch the price of {product} and warn me once it is below {below}",
            "let me know when {product} can be had for less than {below}",
            "notify me if {product} fall under {below}",
        ),
        "test",
    ),
)
