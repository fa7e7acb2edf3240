"""The files that a source names: one, those of a folder, those that match a glob."""

import glob
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from peftline.corpus import files
from peftline.errors import PeftlineError, listed

# What `datasets` writes beside its rows.
_ABOUT_DATA = ("dataset_info.json", "dataset_dict.json", "state.json")
_CACHED = "cache-*.arrow"  # the rows again, as `datasets` has changed them with `map` or `filter`
# The first word of what splits are called.
_SIDES = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
}


@dataclass(frozen=True)
class Found:
    """Files that a source names."""

    folder: Path
    """What names in messages are relative to."""
    files: list[Path]
    not_read: list[str] = field(default_factory=list)
    """Names of files that stand there too and hold no rows that can be read."""

    def name(self, file: Path) -> str:
        """What a file is called in messages: with the folders that tell it from others."""
        return file.relative_to(self.folder).as_posix()

    def side(self, file: Path) -> str | None:
        """The side of the split that a file belongs to, if `datasets` has saved several there."""
        for above in file.relative_to(self.folder).parents:
            if (self.folder / above / "dataset_dict.json").is_file():
                split = file.relative_to(self.folder / above).parts[0]
                return _SIDES.get(re.split(r"[-_.]", split.lower())[0])
        return None


def find(source: str) -> Found | None:
    """The files that a source names, in order; None if it looks like the id of a hub data set.

    Raises:
        PeftlineError: there is no such file, or a folder or glob has none that can be read.
    """
    path = Path(source)
    if path.is_file():
        if files.kind(path) is None:
            raise PeftlineError(
                f"data.source={source}: a file that ends in '{path.suffix}' cannot be read. Known: "
                f"{', '.join(files.SUFFIXES)}, and .gz of the first four."
            )
        return Found(path.parent, [path])
    if source and path.is_dir():
        named = (file for file in path.rglob("*") if not _hidden(file, path))
        return _sorted_out(source, path, named)
    if any(character in source for character in "*?["):
        folder = path
        while not folder.exists():  # up to the part of a glob that is no pattern
            folder = folder.parent
        return _sorted_out(source, folder, map(Path, glob.glob(source, recursive=True)))
    is_path = files.kind(path) or path.suffix.lower() in (".txt", ".gz", ".zst")
    if is_path or source.startswith((".", "/", "~")) or source.count("/") != 1:
        raise PeftlineError(
            f"data.source={source}: there is no such file or folder (looked in {Path.cwd()}). "
            f"Give a file ({', '.join(files.SUFFIXES)}), a folder, a glob, a hub id (owner/name), "
            "or 'tool_calls'."
        )
    return None


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _sorted_out(source: str, folder: Path, named: Iterable[Path]) -> Found:
    unique = set(named)  # `**/**` gives a file several times
    present = sorted(f for f in unique if f.is_file() and f.name not in _ABOUT_DATA)
    is_read = {file: files.kind(file) and not file.match(_CACHED) for file in present}
    readable = [file for file in present if is_read[file]]
    rest = [file.relative_to(folder).as_posix() for file in present if not is_read[file]]
    if not readable:
        found = f" Files that are there: {listed(rest)}." if rest else ""
        raise PeftlineError(
            f"data.source={source}: there is no file that ends in {', '.join(files.SUFFIXES)} "
            f"(or .gz).{found} Convert the data, or name another place."
        )
    return Found(folder, readable, rest)
