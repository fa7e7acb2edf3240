"""Dictionary, translation, quizzes, flashcards, tutors."""

from ..pools.texts import SENTENCE, WORD
from ..pools.things import LANGUAGE, SUBJECT
from ..tools import Tool, optional, required
from ..values import Money, Text, Whole, flag, one_of

TOOLS = (
    Tool(
        "define_word",
        "Meaning of a word",
        (
            required("word", Text(WORD)),
            optional("examples", flag("with examples", "without examples")),
        ),
        (
            'define "{word}"[ {examples}]',
            'look up the word "{word}"[ {examples}]',
            'explain the meaning of "{word}"[ {examples}]',
            'what does "{word}" mean?',
            'tell me what the word "{word}" means[, {examples}]',
        ),
    ),
    Tool(
        "translate_text",
        "Say something in another language",
        (required("text", Text(SENTENCE)), required("language", Text(LANGUAGE))),
        (
            'translate "{text}" into {language}',
            'say "{text}" in {language}',
            'put the sentence "{text}" into {language}',
            'give me the {language} for "{text}"',
            'how do you say "{text}" in {language}?',
        ),
    ),
    Tool(
        "create_quiz",
        "Make test questions",
        (
            required("subject", Text(SUBJECT)),
            required("questions", Whole(3, 20, dozen=True)),
            optional("level", one_of(easy="easy", medium="medium", hard="hard; difficult")),
        ),
        (
            "create a quiz on {subject} with {questions} questions",
            "test me on {subject} with {questions}[ {level}] questions",
            "make up {questions}[ {level}] questions about {subject}",
            "ask me {questions}[ {level}] questions about {subject}",
            "quiz me on {subject}, {questions}[ {level}] questions",
        ),
    ),
    Tool(
        "create_flashcards",
        "Make study cards",
        (
            required("subject", Text(SUBJECT)),
            required("count", Whole(5, 40, dozen=True)),
            optional("pictures", flag("with pictures; illustrated", "without pictures")),
        ),
        (
            "make {count} flashcards about {subject}[, {pictures}]",
            "prepare {count} study cards on {subject}[, {pictures}]",
            "produce {count} cards for learning {subject}",
            "turn {subject} into {count} flashcards[, {pictures}]",
            "write me {count} cards for revising {subject}[, {pictures}]",
        ),
        "test",
    ),
    Tool(
        "find_tutor",
        "Search for a teacher",
        (
            required("subject", Text(SUBJECT)),
            optional("max_price", Money(10, 80)),
            optional("online", flag("online; over the internet", "in person; face to face")),
        ),
        (
            "find a tutor for {subject}[ for at most {max_price} an hour]",
            "look for someone to teach me {subject}[ {online}]",
            "get me private lessons in {subject}[, {online}][, costing no more than {max_price}]",
            "search for a teacher of {subject}[ who charges at most {max_price}]",
            "who could give me lessons in {subject}[ {online}]?",
        ),
        "test",
    ),
)
