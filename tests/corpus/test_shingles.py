"""Words and runs of words, in scripts with and without blanks."""

import pytest

from peftline.corpus.shingles import shingles, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Guten Tag, «Welt»!", ["guten", "tag", "welt"]),
        ("今天，天气。", ["今", "天", "天", "气"]),
        ("「カード」・ok", ["カ", "ー", "ド", "ok"]),
        ("GPT是model", ["gpt", "是", "model"]),
        ("ดี มาก", ["ด", "ี", "ม", "า", "ก"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("हिन्दी में, लिखो।", ["हिन्दी", "में", "लिखो"]),
        ("தமிழ் மொழி", ["தமிழ்", "மொழி"]),
        ("e\u0301te\u0301 Stra\u0323\u0304sse", ["\u00e9t\u00e9", "str\u1ea1\u0304sse"]),
        ("ok \u2764\ufe0f ok", ["ok", "ok"]),
    ],
)
def test_words_are_split_as_the_script_writes_them(text, expected):
    assert words(text) == expected


def test_shingles_are_three_words_in_a_row():
    assert shingles("One two, three four") == ["one two, three", "two, three four"]
    assert shingles("今天天气") == ["今 天 天", "天 天 气"]


@pytest.mark.parametrize("text", ["", "one", "one two"])
def test_a_short_text_is_one_shingle(text):
    assert shingles(text) == [text]


def test_signs_count_where_texts_are_compared():
    assert shingles("What is 2 + 3 ?") != shingles("What is 2 - 3 ?")
