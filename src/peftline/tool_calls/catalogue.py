"""All tools as their YAML files say: read once, checked as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from peftline.errors import PeftlineError

from .consistency import contradictions, shared_values
from .pool import Pool
from .tools import Domain

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Catalogue:
    """The tools by domain, in the order of the names, and the small talk."""

    domains: dict[str, Domain]
    small_talk: Domain
    """Requests that are none for a tool; never on offer."""


@cache
def catalogue() -> Catalogue:
    """The tools of the package.

    Raises:
        PeftlineError: a file says what cannot be; all problems of all files together.
    """
    return load(FOLDER)


def load(folder: Path) -> Catalogue:
    """Read `pools/*.yml`, `domains/*.yml` and `small_talk.yml`.

    Raises:
        PeftlineError: a file says what cannot be; all problems of all files together.
    """
    problems: list[str] = []
    read: list[dict[str, Pool]] = []
    for file in sorted((folder / "pools").glob("*.yml")):
        read.append(checked(file, TypeAdapter(dict[str, Pool]), {}, problems) or {})
    names = Counter(name for pools in read for name in pools)
    problems += [f"pools: {name} stands in two files" for name, n in names.items() if n > 1]
    pools = {name: pool for some in read for name, pool in some.items()}
    problems += shared_values(pools)
    adapter = TypeAdapter(Domain)
    domains = {
        file.stem: checked(file, adapter, pools, problems) or Domain()
        for file in sorted((folder / "domains").glob("*.yml"))
    }
    talk = checked(folder / "small_talk.yml", adapter, pools, problems) or Domain()
    problems += contradictions(domains, talk)
    if problems:
        raise PeftlineError(f"The built-in tools, {folder}:\n" + "\n".join(problems))
    return Catalogue(domains, talk)


class NoRepeats(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Refuses a key that stands twice in a mapping: YAML would drop the first silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping as a dictionary."""
        keys = Counter(self.construct_object(key, deep=True) for key, _ in node.value)
        twice = [str(key) for key, count in keys.items() if count > 1]
        if twice:
            raise yaml.MarkedYAMLError(
                problem=f"{', '.join(twice)} stands twice", problem_mark=node.start_mark
            )
        return super().construct_mapping(node, deep)


def checked(
    file: Path, adapter: TypeAdapter[Any], pools: dict[str, Pool], problems: list[str]
) -> Any:
    """What a file says, or None after its problems were added to `problems`."""
    try:
        with file.open(encoding="utf-8") as text:
            given = yaml.load(text, Loader=NoRepeats)  # noqa: S506  (a safe loader)
        return adapter.validate_python(given, context=pools)
    except OSError as error:
        problems.append(f"{file.name}: cannot be read ({error.strerror})")
    except yaml.YAMLError as error:
        problems.append(f"{file.name}: {' '.join(str(error).split())}")
    except ValidationError as invalid:
        problems += [
            f"{file.name}, {place(given, error['loc'])}: {error['msg']}"
            for error in invalid.errors()
        ]
    return None


def place(given: Any, loc: tuple[int | str, ...]) -> str:
    """Where in a file: tools by their name, not their number."""
    words = []
    for step in loc:
        try:
            given = given[step]
        except (KeyError, IndexError, TypeError):
            given = None
        named = given.get("name") if isinstance(given, dict) and isinstance(step, int) else None
        words.append(str(named or step))
    return ".".join(words)
