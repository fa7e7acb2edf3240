"""Near-duplicates: examples that share most of their words in a row (MinHash and LSH)."""

from collections.abc import Iterable

from datasketch import MinHash, MinHashLSH

from peftline.corpus.shingles import shingles
from peftline.formats.example import Example

_PERMUTATIONS = 128  # standard error of an estimated similarity: at most 0.5 / sqrt(128) = 0.044
# What the index gives is compared again, so it may give too much, but should miss little: at a
# similarity of 0.8 it finds 87 % of the pairs, at 0.9 all; with equal weights 40 % and 93 %.
_MISSES_COUNT_MORE = (0.1, 0.9)
_SEED = 1


class NearIndex:
    """Examples that can be asked for those that resemble another one.

    Broder 1997 ("On the resemblance and containment of documents"), by the library datasketch.
    """

    def __init__(self, similarity: float) -> None:
        """Args:
        similarity: share of common word triples (Jaccard) from which two examples are alike.
        """
        self._similarity = similarity
        self._index = MinHashLSH(
            threshold=similarity, num_perm=_PERMUTATIONS, weights=_MISSES_COUNT_MORE
        )
        self._signatures: dict[str, MinHash] = {}

    def find(self, example: Example) -> list[str]:
        """Ids of the examples that resemble this one, itself left out."""
        return self._alike(example.id, _signature(example))

    def add(self, example: Example) -> list[str]:
        """Take in an example, and give the ids of those before it that resemble it."""
        signature = _signature(example)
        alike = self._alike(example.id, signature)
        self._index.insert(example.id, signature)
        self._signatures[example.id] = signature
        return alike

    def _alike(self, id_: str, signature: MinHash) -> list[str]:
        return [
            other
            for other in self._index.query(signature)
            if other != id_ and self._signatures[other].jaccard(signature) >= self._similarity
        ]


def clusters(examples: Iterable[Example], similarity: float) -> dict[str, str]:
    """Name, for each example that resembles an earlier one, the first example of its cluster.

    Resemblance is handed on: if B resembles A, and C resembles B, all three are one cluster.

    Returns:
        Id of a later example -> id of the first of its cluster.
    """
    index = NearIndex(similarity)
    order: dict[str, int] = {}
    first: dict[str, str] = {}
    for at, example in enumerate(examples):
        order[example.id] = at
        for other in index.add(example):
            _join(first, order, example.id, other)
    return {id_: _first_of(first, id_) for id_ in order if id_ in first}


def _first_of(first: dict[str, str], id_: str) -> str:
    while id_ in first:
        id_ = first[id_]
    return id_


def _join(first: dict[str, str], order: dict[str, int], one: str, other: str) -> None:
    roots = {_first_of(first, one), _first_of(first, other)}
    if len(roots) == 2:
        early, late = sorted(roots, key=lambda id_: order[id_])
        first[late] = early


def _signature(example: Example) -> MinHash:
    signature = MinHash(num_perm=_PERMUTATIONS, seed=_SEED)
    signature.update_batch([shingle.encode() for shingle in shingles(_text(example))])
    return signature


def _text(example: Example) -> str:
    # one system text before all requests would make them all alike
    turns = [message for message in example.messages if message.role != "system"]
    texts = [message.text for message in turns]
    texts += [str(call.arguments) for message in turns for call in message.tool_calls]
    return " ".join(texts)
