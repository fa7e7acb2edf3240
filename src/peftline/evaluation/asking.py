"""The three ways to ask a model: for its answer, its choice, or how likely the reference is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from peftline.errors import PeftlineError, listed
from peftline.evaluation import prompting
from peftline.evaluation.generation import Answer
from peftline.evaluation.likelihood import log_likelihoods
from peftline.evaluation.metrics import multiple_choice
from peftline.evaluation.metrics.metric_set import Likelihood, MetricSet, Scores
from peftline.formats.example import Example, Message
from peftline.rendering import render
from peftline.rendering.render import Tokens
from peftline.rendering.template import Template
from peftline.schema import Evaluation

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Outcome(NamedTuple):
    """What came of one example."""

    prediction: str | None
    """None where only the reference is read."""
    finished: bool | None
    """Whether the answer ended by itself; None where the model did not write one."""
    scores: Scores


@dataclass(frozen=True)
class Asked:
    """A model, and how it is asked."""

    model: "PreTrainedModel"
    template: Template
    settings: Evaluation
    worked: list[Example]
    """Shown before each prompt."""
    title: str
    """Of the progress bar."""
    side: str = "test"
    """Of the data, which messages name."""

    def answers(self, examples: list[Example]) -> list[Answer]:
        """What the model writes."""
        return prompting.answer(
            self.model,
            self.template,
            [(example.prompt, example.tools) for example in examples],
            self.settings.max_new_tokens,
            self.settings.batch_tokens,
            self.worked,
            self.title,
            _names(examples),
            f"questions of the {self.side} split",
        )

    def of_choices(
        self, examples: list[Example], choices: list[str]
    ) -> list[dict[str, Likelihood]]:
        """How likely each choice is as an answer, for each example."""
        found = self._read(
            examples, _answered_by_choices(examples, choices, self.template, self.worked)
        )
        return [dict(zip(choices, of_example, strict=True)) for of_example in found]

    def of_references(self, examples: list[Example]) -> list[Likelihood]:
        """How likely each reference is: an answer after its prompt, plain text as a whole."""
        rows = _answered_by_references(examples, self.template, self.worked)
        return [found for (found,) in self._read(examples, rows)]

    def _read(self, examples: list[Example], rows: list[list[Tokens]]) -> list[list[Likelihood]]:
        """The likelihood of each row of each example.

        Raises:
            PeftlineError: a row is longer than the model can read.
        """
        what = f"questions of the {self.side} split"
        prompting.check_lengths(_names(examples), _longest(rows), self.model, what)
        flat = [row for of_example in rows for row in of_example]
        found = iter(log_likelihoods(self.model, flat, self.settings.batch_tokens, self.title))
        return [[next(found) for _ in of_example] for of_example in rows]


def tokens_needed(
    metric_set: MetricSet,
    examples: list[Example],
    references: list[str],
    template: Template,
    settings: Evaluation,
    worked: list[Example],
) -> list[int]:
    """Tokens of each example with worked ones before it and all that its answer may have.

    Raises:
        PeftlineError: there are no sound choices.
    """
    if metric_set.asks == "answers":
        prompts = [(example.prompt, example.tools) for example in examples]
        ids = prompting.token_ids(prompts, template, worked)
        return [len(prompt) + settings.max_new_tokens for prompt in ids]
    if metric_set.asks == "references":
        return _longest(_answered_by_references(examples, template, worked))
    choices = multiple_choice.choices(settings.choices, references)
    return _longest(_answered_by_choices(examples, choices, template, worked))


def _answered_by_choices(
    examples: list[Example], choices: list[str], template: Template, worked: list[Example]
) -> list[list[Tokens]]:
    """Each example with each of the choices as its answer."""
    said = [Message(role="assistant", content=choice) for choice in choices]
    return [prompting.given_answers(example, said, template, worked) for example in examples]


def _answered_by_references(
    examples: list[Example], template: Template, worked: list[Example]
) -> list[list[Tokens]]:
    """Each example with its reference; plain text as a whole."""
    return [
        [render.tokens(example, template)]
        if example.kind == "text"
        else prompting.given_answers(example, [_reference(example)], template, worked)
        for example in examples
    ]


def _names(examples: list[Example]) -> list[str]:
    return [example.origin or example.id for example in examples]


def _longest(rows: list[list[Tokens]]) -> list[int]:
    return [max(len(row.input_ids) for row in of_example) for of_example in rows]


def unscorable(
    metric_set: MetricSet, examples: list[Example], references: list[str]
) -> dict[str, str]:
    """References that cannot be scored: the reasons, by where the examples come from."""
    if metric_set.asks != "answers":
        return {}
    found = {}
    for example, reference in zip(examples, references, strict=True):
        try:
            metric_set.score(reference, reference)
        except ValueError as error:
            found[example.origin or example.id] = str(error)
    return found


def check(
    metric_set: MetricSet, examples: list[Example], references: list[str], side: str = "test"
) -> None:
    """Refuse references that cannot be scored, before the model is asked.

    Raises:
        PeftlineError: there are some; the message names them.
    """
    found = unscorable(metric_set, examples, references)
    if found:
        raise PeftlineError(why_unscorable(found, metric_set.name, side))


def why_unscorable(found: dict[str, str], name: str, side: str) -> str:
    """What `unscorable` has found, for a message.

    Args:
        name: of the set of metrics.
    """
    first = next(iter(found.values()))
    return (
        f"{len(found)} examples of the {side} split cannot be scored by evaluation.metrics={name}: "
        f"{listed(list(found))}. {first}. Correct the data, or choose other metrics, such as "
        "evaluation.metrics=text."
    )


def ask(
    asked: Asked, metric_set: MetricSet, examples: list[Example], references: list[str]
) -> list[Outcome]:
    """Ask for each example what its metrics need.

    Raises:
        PeftlineError: there are no sound choices, or an example is longer than the model can read.
    """
    if metric_set.asks == "answers":
        return [
            Outcome(answer.text, answer.finished, metric_set.score(answer.text, reference))
            for answer, reference in zip(asked.answers(examples), references, strict=True)
        ]
    if metric_set.asks == "choices":
        choices = multiple_choice.choices(asked.settings.choices, references)
        given: list[Any] = asked.of_choices(examples, choices)
        predictions = [multiple_choice.most_likely(of_example) for of_example in given]
    else:
        given, predictions = asked.of_references(examples), [None] * len(examples)
    return [
        Outcome(prediction, None, metric_set.score(one, reference))
        for prediction, one, reference in zip(predictions, given, references, strict=True)
    ]


def _reference(example: Example) -> Message:
    if example.kind == "classification":
        return Message(role="assistant", content=example.answer)
    return example.messages[-1]
