"""What texts are compared by: their words, and words in a row."""

import re
import unicodedata

_SHINGLE = 3  # words in a row
# Scripts that are written without blanks: Thai to Tibetan, Burmese, Khmer, kana and Han with their
# punctuation. Here a character is what a word is elsewhere.
_ALONE = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
# Accents and vowel signs of their own, which \w leaves out: words of Hindi would fall apart.
_MARKS = "".join(
    character
    for character in map(chr, range(0x300, 0x10000))
    if unicodedata.category(character).startswith("M")
)
_WORD = re.compile(rf"[{_ALONE}]|[^\W{_ALONE}]+(?:[{_MARKS}]+[^\W{_ALONE}]*)*")
_PIECE = re.compile(rf"[{_ALONE}]|[^\s{_ALONE}]+")
_PUNCTUATION = re.compile("[\u3000-\u3004\u3008-\u3020\u3030\u303d-\u303f\u30fb]")


def words(text: str) -> list[str]:
    """Words in lower case, without punctuation; in scripts without blanks, characters."""
    composed = unicodedata.normalize("NFC", text.lower())
    return _WORD.findall(_PUNCTUATION.sub(" ", composed))


def shingles(text: str) -> list[str]:
    """All runs of three words, with punctuation: 2 + 3 is not 2 - 3.

    A text of fewer words is one run, an empty one too.
    """
    pieces = _PIECE.findall(text.lower())
    count = max(1, len(pieces) - _SHINGLE + 1)
    return [" ".join(pieces[at : at + _SHINGLE]) for at in range(count)]
