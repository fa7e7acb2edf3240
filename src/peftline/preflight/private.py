"""Secrets and personal data, as far as patterns find them; needs the extra `privacy`."""

import importlib.util
import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

from peftline.formats.example import Example
from peftline.formats.said import said

_SCANNED = 2_000  # examples
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_KEYWORD = "Secret Keyword"  # finds the word "password" with anything after it, in prose too
_ENTROPY = "Entropy"  # finds every long number or hash


def scan(examples: Iterable[Example]) -> dict[str, Any] | None:
    """Count what looks like a secret, an e-mail address or a telephone number.

    Returns:
        Kind -> origins of examples; None where the libraries are not installed.
    """
    if not all(map(importlib.util.find_spec, ("detect_secrets", "phonenumbers"))):
        return None
    from detect_secrets.core.scan import scan_line
    from detect_secrets.settings import default_settings
    from phonenumbers import PhoneNumberMatcher

    found: dict[str, list[str]] = {}
    with default_settings():
        for example in islice(examples, _SCANNED):
            text = "\n".join(said(example))
            kinds = {secret.type for line in text.splitlines() for secret in scan_line(line)}
            kinds = {kind for kind in kinds if kind != _KEYWORD and _ENTROPY not in kind}
            if _EMAIL.search(text):
                kinds.add("e-mail address")
            if PhoneNumberMatcher(text, "US").has_next():
                kinds.add("telephone number")
            for kind in kinds:
                found.setdefault(kind, []).append(example.origin)
    return found
