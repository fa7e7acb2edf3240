"""A chat template and what it can show: found out by trying, once for each tokenizer."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from jinja2 import TemplateError

from peftline.errors import PeftlineError
from peftline.rendering import templates, tokens, tools
from peftline.rendering.conversation import Conversation
from peftline.schema import Rendering

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_ZERO_WIDTH_SPACE = "\u200b"


@dataclass(frozen=True)
class Template:
    """How conversations become text for one model."""

    tokenizer: "PreTrainedTokenizerBase"
    source: str
    """The Jinja text."""

    @cached_property
    def end_id(self) -> int:
        """The token that ends an assistant's turn."""
        found = tokens.end_of_turn_id(self.tokenizer, self.source)
        if found is None:
            raise PeftlineError(
                "The base model has no token that ends an answer: neither its chat template nor "
                "its tokenizer names one (eos_token). Add it to the tokenizer's configuration."
            )
        return found

    @cached_property
    def end_text(self) -> str:
        """The same, as it stands in the text."""
        return self.tokenizer.convert_ids_to_tokens(self.end_id)

    @cached_property
    def leading_bos(self) -> list[int]:
        """What the tokenizer puts before a text."""
        return tokens.leading_bos(self.tokenizer)

    @cached_property
    def can_be_cut(self) -> bool:
        """Whether a text can be tokenised in parts."""
        return tokens.can_be_cut(self.tokenizer)

    @cached_property
    def shows_system(self) -> bool:
        """Whether there is a place for a system message."""
        turns = [{"role": "system", "content": "SYSTEM"}, {"role": "user", "content": "USER"}]
        return self._shows(Conversation(turns, None), ["SYSTEM", "USER"])

    @cached_property
    def shows_tools(self) -> bool:
        """Whether tools on offer, calls and results are shown; all three or none."""
        turns = tools.turns(tools.PROBE, str)
        return self._shows(Conversation(turns, tools.offered([tools.PROBE_TOOL], str)), tools.SHOWN)

    def _shows(self, conversation: Conversation, wanted: list[str]) -> bool:
        try:
            text = self._apply(conversation.turns, conversation.tools, False)
        except (TemplateError, TypeError, KeyError, ValueError):
            return False
        return all(word in text for word in wanted)

    @cached_property
    def _special(self) -> re.Pattern[str]:
        names = tokens.special_tokens(self.tokenizer) | {self.end_text}
        longest_first = sorted(names, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, longest_first)))

    def count_special(self, text: str) -> int:
        """How many special tokens stand in a text that comes from data."""
        return len(self._special.findall(text))

    def neutral(self, text: str) -> str:
        """A text in which no special token is left: each is split by a zero-width space.

        Otherwise a text that talks about `<|im_end|>` would end its own turn.
        """
        return self._special.sub(lambda m: m[0][0] + _ZERO_WIDTH_SPACE + m[0][1:], text)

    def text(
        self, conversation: Conversation, until: int | None = None, generation_prompt: bool = False
    ) -> str:
        """Render a conversation, or its first `until` turns.

        Raises:
            PeftlineError: the template refuses it.
        """
        turns = conversation.turns[:until]
        try:
            return self._apply(turns, conversation.tools, generation_prompt)
        except (TemplateError, ValueError) as error:
            roles = ", ".join(turn["role"] for turn in turns) or "no turns"
            raise PeftlineError(
                f"The chat template refuses a conversation of {roles}: {error}. Correct the data, "
                "or set rendering.format=alpaca."
            ) from error

    def _apply(self, turns: list, offered: list | None, generation_prompt: bool) -> str:
        return self.tokenizer.apply_chat_template(
            turns,
            tools=offered,
            chat_template=self.source,
            tokenize=False,
            add_generation_prompt=generation_prompt,
        )


def load(tokenizer: "PreTrainedTokenizerBase", config: Rendering) -> Template:
    """The template that a run uses.

    Raises:
        PeftlineError: the model has none, and the chat format is wanted.
    """
    source = templates.ALPACA if config.format == "alpaca" else tokenizer.chat_template
    if not isinstance(source, str):
        raise PeftlineError(
            "The base model has no chat template, so rendering.format=chat cannot be used. Set "
            "rendering.format=alpaca, or take an instruction-tuned model."
        )
    return Template(tokenizer, source)
