"""Requests that are none for a tool: most of the refusals, and never on offer in a prompt."""

from .pools import pool
from .tools import Split, Tool, required
from .values import Text

TOPIC = Text(
    pool(
        train="""
        volcanoes; old trains; the moon; penguins; black holes; chess; the Roman Empire; glaciers;
        honey bees; democracy; medieval castles; the deep sea; comets; jazz; steam engines;
        friendship; thunderstorms; dinosaurs; the alphabet; lighthouses; rivers; gravity
        """,
        validation="coral reefs; windmills; the Vikings; sand dunes; clocks; happiness; owls; maps",
        test="""
        pirates; the northern lights; whales; ancient Egypt; rainbows; spiders; time travel; salt;
        mountains; the printing press; silence; elephants; magnets; submarines
        """,
    )
)


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
        "convince me that {topic} matter to all of us",
        "what is your opinion on {topic}?",
        "why do people care about {topic}?",
    ),
    _about(
        "comparison",
        "train",
        "compare {topic} with something from daily life",
        "find a metaphor for {topic}",
        "draw a parallel between {topic} and the sea",
        "what can be compared with {topic}?",
        "what do {topic} have in common with music?",
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
        "make up a fairy tale in which {topic} appear",
        "write the first lines of a short story about {topic}",
        "entertain me with a tale of {topic}",
        "could you tell a story about {topic}?",
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
        "tell me why {topic} fascinate people",
        "describe how {topic} came to be",
        "what makes {topic} so interesting?",
        "what do scientists say about {topic}?",
        "clear up a common mistake about {topic}",
    ),
    _about(
        "advice",
        "test",
        "recommend a way to learn about {topic}",
        "discuss with me whether {topic} are overrated",
        "say something wise about {topic}",
        "where do I begin if I want to understand {topic}?",
        "are you interested in {topic}?",
    ),
)


def of(split: Split) -> tuple[Tool, ...]:
    """The small talk of one split."""
    return tuple(one for one in REQUESTS if one.split == split)
