"""Library loans, searches, reading."""

from ..moments import DATE
from ..pools.titles import AUTHOR, BOOK, GENRE
from ..tools import Tool, optional, required
from ..values import Text, Whole, flag

TOOLS = (
    Tool(
        "reserve_book",
        "Have the library hold a book",
        (required("title", Text(BOOK)), optional("pickup_day", DATE)),
        (
            "reserve {title} at the library[ for {pickup_day}]",
            "have the library put {title} aside for me[ until {pickup_day}]",
            "place a hold on {title}[ for {pickup_day}]",
            "ask the library to keep {title}[ for {pickup_day}]",
            "get {title} held for me at the library desk[, pickup on {pickup_day}]",
        ),
    ),
    Tool(
        "renew_loan",
        "Keep a library book for longer",
        (required("title", Text(BOOK)), required("days", Whole(3, 28))),
        (
            "renew {title} for {days} days",
            "extend my loan of {title} by {days} days",
            "let me keep {title} for {days} more days",
            "ask for another {days} days with {title}",
            "give me {days} extra days before {title} is due back",
        ),
    ),
    Tool(
        "find_books",
        "List the works of an author",
        (
            required("author", Text(AUTHOR)),
            optional("ebook", flag("as e-books; in electronic form", "on paper; in print")),
        ),
        (
            "find books by {author}[ {ebook}]",
            "list everything that {author} has written[, {ebook}]",
            "show me the works of {author}[ {ebook}]",
            "search for novels by {author}[ {ebook}]",
            "which books by {author} are there[ {ebook}]?",
        ),
    ),
    Tool(
        "log_reading",
        "Record pages read",
        (
            required("title", Text(BOOK)),
            required("pages", Whole(5, 120)),
            optional("day", DATE),
        ),
        (
            "note that I read {pages} pages of {title}[ on {day}]",
            "record {pages} pages of {title}[ for {day}]",
            "put {pages} pages of {title} in my reading diary[ for {day}]",
            "log {pages} pages read in {title}[ on {day}]",
            "write down that I got through {pages} pages of {title}[ on {day}]",
        ),
        "validation",
    ),
    Tool(
        "suggest_book",
        "Recommend something to read",
        (
            required("genre", Text(GENRE)),
            optional("max_pages", Whole(100, 600, 50)),
            optional("audiobook", flag("as an audiobook", "not as an audiobook")),
        ),
        (
            "suggest something in the {genre} genre[ with at most {max_pages} pages]",
            "recommend a good read from the genre {genre}[, {audiobook}]",
            "pick a title for me from {genre}[, no longer than {max_pages} pages]",
            "find me something to read, genre {genre}[, {audiobook}]",
            "what should I read if I like {genre}[, up to {max_pages} pages]?",
        ),
        "validation",
    ),
)
