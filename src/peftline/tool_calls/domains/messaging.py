"""Texts, e-mails, chats, calls, groups."""

from ..pools.people import GROUP, PERSON
from ..pools.texts import MESSAGE, SUBJECT_LINE
from ..tools import Tool, optional, required
from ..values import Listing, Text, Whole, flag

TOOLS = (
    Tool(
        "send_text",
        "Send a short message",
        (required("recipient", Text(PERSON)), required("message", Text(MESSAGE))),
        (
            'text {recipient} "{message}"',
            'send a text to {recipient} saying "{message}"',
            'write "{message}" to {recipient} in a text',
            'message {recipient}: "{message}"',
            'let {recipient} know by text: "{message}"',
        ),
    ),
    Tool(
        "send_email",
        "Send an e-mail",
        (
            required("to", Text(PERSON)),
            required("subject", Text(SUBJECT_LINE)),
            optional("body", Text(MESSAGE)),
        ),
        (
            'email {to} with the subject "{subject}"[ and the text "{body}"]',
            'send {to} an e-mail, subject "{subject}"[, body "{body}"]',
            'write an e-mail to {to} titled "{subject}"[ that says "{body}"]',
            'mail {to} under the subject line "{subject}"[: "{body}"]',
            'compose an e-mail with the subject "{subject}" for {to}[, saying "{body}"]',
        ),
    ),
    Tool(
        "mute_chat",
        "Silence a chat",
        (required("chat", Text(GROUP)), optional("hours", Whole(2, 24))),
        (
            "mute the chat {chat}[ for {hours} hours]",
            "silence {chat}[ for the next {hours} hours]",
            "turn off notifications from the group {chat}[ for {hours} hours]",
            "stop the chat {chat} from buzzing[ for {hours} hours]",
            "keep the group {chat} quiet[ for {hours} hours]",
        ),
    ),
    Tool(
        "call_contact",
        "Start a phone call",
        (
            required("person", Text(PERSON)),
            optional("video", flag("with video; by video", "without video; audio only")),
        ),
        (
            "call {person}[, {video}]",
            "ring {person}[, {video}]",
            "get {person} on the line[, {video}]",
            "dial the number of {person}[, {video}]",
            "phone {person}[, {video}]",
        ),
        "test",
    ),
    Tool(
        "create_group",
        "Open a chat with several people",
        (required("name", Text(GROUP)), required("members", Listing(PERSON, 2, 4))),
        (
            "create a group called {name} with {members}",
            "start a group chat named {name} for {members}",
            "bring {members} together in a chat called {name}",
            "set up the chat {name} and let {members} in",
            "open a group with the name {name} and add {members}",
        ),
        "test",
    ),
)
