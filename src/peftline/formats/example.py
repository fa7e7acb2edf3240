"""The canonical example that all formats become."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

SIDES = ("train", "validation", "test")
Kind = Literal["conversation", "text", "preference", "desirability", "classification"]


class ToolCall(BaseModel):
    """One call of a tool by the assistant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    arguments: dict[str, Any]


class Message(BaseModel):
    """One turn of a conversation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["system", "user", "assistant", "tool"]
    content: str = ""
    input: str = ""
    """The second part of an Alpaca request; a chat template shows it after an empty line."""
    tool_calls: list[ToolCall] = []
    """What the assistant calls in this turn."""
    loss: bool = True
    """Whether an assistant's turn is learnt; other turns never are."""

    @property
    def text(self) -> str:
        """Both parts of the message as a chat template gets them."""
        return f"{self.content}\n\n{self.input}" if self.input else self.content


class Example(BaseModel):
    """What is learnt from one row, and for preferences what is not to be said."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    group: str
    """Examples of one group never stand on two sides of a split."""
    split: Literal["train", "validation", "test"] | None = None
    """Set where the source decides the side itself."""
    kind: Kind = "conversation"
    """`conversation`: learn the assistant's turns. `text`: learn all of it. `preference`: the last
    turn is better than `rejected`. `desirability`: `label` says whether the last turn is good.
    `classification`: `label` names the class of the only turn."""
    messages: list[Message]
    tools: list[dict[str, Any]] = []
    """What the assistant may call: JSON schemas (`name`, `description`, `parameters`)."""
    rejected: Message | None = None
    label: bool | str | None = None
    origin: str = ""
    """File and row that it was read from, to name it in messages."""

    @property
    def prompt(self) -> list[Message]:
        """All messages before the answer."""
        return self.messages if self.kind == "classification" else self.messages[:-1]

    @property
    def answer(self) -> str:
        """What the model should say."""
        return str(self.label) if self.kind == "classification" else self.messages[-1].content

    @property
    def turns(self) -> list[Message]:
        """All turns with the answer: of a classification, its class is the last one."""
        if self.kind != "classification":
            return self.messages
        return [*self.messages, Message(role="assistant", content=self.answer)]

    @property
    def answer_with_calls(self) -> str:
        """The answer, or where it calls tools, that turn as JSON: equal answers are equal texts."""
        last = self.turns[-1]
        return last.model_dump_json() if last.tool_calls else self.answer
