"""Transfers, currencies, shares, expenses, budgets."""

from ..moments import DATE
from ..pools.people import COMPANY, PERSON
from ..pools.things import CATEGORY, CURRENCY
from ..tools import Tool, optional, required
from ..values import Listing, Money, Percent, Text, Whole, one_of

TOOLS = (
    Tool(
        "transfer_money",
        "Send money to a person",
        (
            required("amount", Money(5, 900)),
            required("recipient", Text(PERSON)),
            optional("day", DATE),
        ),
        (
            "transfer {amount} to {recipient}[ on {day}]",
            "send {recipient} {amount}[ on {day}]",
            "pay {amount} to {recipient}[ on {day}]",
            "wire {amount} to the account of {recipient}[ on {day}]",
            "give {recipient} {amount} from my account[ on {day}]",
        ),
    ),
    Tool(
        "convert_currency",
        "Convert between currencies",
        (
            required("amount", Whole(20, 5000, 10)),
            required("source", Text(CURRENCY)),
            required("target", Text(CURRENCY)),
        ),
        (
            "convert {amount} {source} to {target}",
            "change {amount} {source} into {target}",
            "work out what {amount} {source} is worth in {target}",
            "how much is {amount} {source} in {target}?",
            "what do I get in {target} for {amount} {source}?",
        ),
    ),
    Tool(
        "stock_price",
        "Price of a company's shares",
        (required("company", Text(COMPANY)), optional("day", DATE)),
        (
            "look up the share price of {company}[ on {day}]",
            "get me the stock price of {company}[ on {day}]",
            "check what {company} shares cost[ on {day}]",
            "how much is a share of {company}[ on {day}]?",
            "tell me the value of {company} stock[ on {day}]",
        ),
    ),
    Tool(
        "log_expense",
        "Record money spent",
        (
            required("amount", Money(3, 400)),
            required("category", Text(CATEGORY)),
            optional("day", DATE),
        ),
        (
            "note that I spent {amount} on {category}[ on {day}]",
            "record {amount} for {category} as an expense[ on {day}]",
            "log {amount} spent on {category}[ on {day}]",
            "write down an expense of {amount} for {category}[ on {day}]",
            "enter {amount} under {category} in my expenses[ for {day}]",
        ),
    ),
    Tool(
        "split_bill",
        "Divide a cost between people",
        (
            required("total", Money(20, 400)),
            required("people", Listing(PERSON, 2, 4)),
            optional("tip_percent", Percent(5, 25)),
        ),
        (
            "split {total} between {people}[ with a tip of {tip_percent}]",
            "divide a bill of {total} among {people}[, adding a {tip_percent} tip]",
            "share the cost of {total} equally between {people}",
            "work out what {people} each owe if the total is {total}[ plus a {tip_percent} tip]",
            "share out an invoice of {total} among {people}[, tip {tip_percent}]",
        ),
        "test",
    ),
    Tool(
        "set_budget",
        "Limit what may be spent",
        (
            required("category", Text(CATEGORY)),
            required("limit", Money(30, 900)),
            optional("period", one_of(week="a week; per week", month="a month; per month")),
        ),
        (
            "set a budget of {limit}[ {period}] for {category}",
            "let me spend no more than {limit}[ {period}] on {category}",
            "cap my spending on {category} at {limit}[ {period}]",
            "limit {category} to {limit}[ {period}]",
            "allow at most {limit}[ {period}] for {category}",
        ),
        "test",
    ),
)
