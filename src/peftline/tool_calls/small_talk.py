"""Requests that are none for a tool: most of the refusals, and never on offer in a prompt."""

from .pools.texts import SUBJECT_OF_TALK
from .tools import Split, Tool, required
from .values import Text

TOPIC = Text(SUBJECT_OF_TALK)


def _about(name: str, split: Split, *phrasings: str) -> Tool:
    return Tool(name, "", (required("topic", TOPIC),), phrasings, split)


REQUESTS = (
    _about(
        "joke",
        "train",
        "tell me a joke about {topic}",
        "make me laugh with something about {topic}",
        "come up with a funny line about {topic}",
        "crack a joke on the subject of {topic}",
        "do you know a good joke about {topic}?",
    ),
    _about(
        "poem",
        "train",
        "write a poem about {topic}",
        "compose four rhyming lines on {topic}",
        "put {topic} into verse",
        "give me a haiku on {topic}",
        "can a poem be written about {topic}?",
    ),
    _about(
        "explanation",
        "train",
        "explain {topic} to a child",
        "describe {topic} in simple words",
        "help me understand {topic}",
        "teach me the basics of {topic}",
        "how would you explain {topic}?",
    ),
    _about(
        "opinion",
        "train",
        "say what you think about {topic}",
        "argue for and against {topic}",
        "convince me of the importance of {topic}",
        "what is your opinion on {topic}?",
        "why do people care about {topic}?",
    ),
    _about(
        "comparison",
        "train",
        "compare {topic} with something from daily life",
        "find a metaphor for {topic}",
        "draw a parallel between {topic} and a big city",
        "what can be compared with {topic}?",
        "what parallels are there between {topic} and cooking?",
    ),
    _about(
        "names",
        "train",
        "invent three names for a novel about {topic}",
        "think of a film title to do with {topic}",
        "make up a slogan for a museum of {topic}",
        "what would be a good book title about {topic}?",
        "suggest a motto that has to do with {topic}",
    ),
    _about(
        "facts",
        "validation",
        "tell me three facts about {topic}",
        "list what is known about {topic}",
        "share something surprising on {topic}",
        "what should everybody know about {topic}?",
        "how much is known about {topic}?",
    ),
    _about(
        "summary",
        "validation",
        "sum up the history of {topic}",
        "write a paragraph about {topic}",
        "outline an essay about {topic}",
        "what is the short version of the history of {topic}?",
        "who has written about {topic}?",
    ),
    _about(
        "story",
        "test",
        "tell me a bedtime story about {topic}",
        "make up a fairy tale featuring {topic}",
        "write the first lines of a short story about {topic}",
        "entertain me with a tale of {topic}",
        "have you heard a good story about {topic}?",
    ),
    _about(
        "riddle",
        "test",
        "give me a riddle about {topic}",
        "invent a tongue twister with {topic}",
        "write a limerick on {topic}",
        "do you know a riddle about {topic}?",
        "think up a rhyme on {topic}",
    ),
    _about(
        "knowledge",
        "test",
        "tell me why people find {topic} fascinating",
        "describe how {topic} came to be",
        "what makes {topic} so interesting?",
        "what do scientists say about {topic}?",
        "clear up a common mistake about {topic}",
    ),
    _about(
        "advice",
        "test",
        "give me your honest view of {topic}",
        "discuss with me whether people overrate {topic}",
        "say something wise about {topic}",
        "what would you say to somebody who is bored by {topic}?",
        "are you interested in {topic}?",
    ),
)


def requests_of(split: Split) -> tuple[Tool, ...]:
    """The small talk of one split."""
    return tuple(one for one in REQUESTS if one.split == split)
