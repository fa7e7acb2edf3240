"""The canonical example that all formats become."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """One turn of a conversation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["system", "user", "assistant"]
    content: str
    input: str = ""
    """The second part of an Alpaca request; a chat template shows it after an empty line."""

    @property
    def text(self) -> str:
        """Both parts of the message as a chat template gets them."""
        return f"{self.content}\n\n{self.input}" if self.input else self.content


class Example(BaseModel):
    """A prompt and the answer to learn; the last message is the assistant's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    group: str
    """Examples of one group never stand on two sides of a split."""
    split: Literal["train", "validation", "test"] | None = None
    """Set where the source decides the side itself."""
    messages: list[Message]

    @property
    def prompt(self) -> list[Message]:
        """All messages before the answer."""
        return self.messages[:-1]

    @property
    def answer(self) -> str:
        """What the model should say."""
        return self.messages[-1].content
