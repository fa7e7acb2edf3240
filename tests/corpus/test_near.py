import random

import pytest

from peftline.corpus.near import NearIndex, clusters
from peftline.formats.example import Example, Message

WORDS = [f"word{i}" for i in range(400)]


def example(id_, words, system=""):
    messages = [Message(role="user", content=" ".join(words))]
    if system:
        messages.insert(0, Message(role="system", content=system))
    return Example(id=id_, group=id_, messages=messages)


def texts(count, length=60, seed=0):
    chosen = random.Random(seed)
    return [[chosen.choice(WORDS) for _ in range(length)] for _ in range(count)]


def changed(words, *places):
    return [f"other{at}" if at in places else word for at, word in enumerate(words)]


def test_resemblance_is_handed_on_and_the_first_leads():
    first, stranger = texts(2)
    chain = [first, changed(first, 5), changed(first, 5, 20), changed(first, 5, 20, 40)]
    rows = [example("x", stranger), *(example(f"{at}", words) for at, words in enumerate(chain))]
    assert clusters(rows, 0.8) == {"1": "0", "2": "0", "3": "0"}


def test_an_example_that_joins_two_clusters_makes_them_one():
    first = texts(1)[0]
    left, right = changed(first, *range(2, 8)), changed(first, *range(50, 56))
    both = [example("l", left), example("r", right)]
    assert clusters(both, 0.66) == {}
    assert clusters([*both, example("m", first)], 0.66) == {"r": "l", "m": "l"}


def test_unlike_examples_are_no_cluster():
    assert clusters([example(str(i), words) for i, words in enumerate(texts(200))], 0.8) == {}


@pytest.mark.parametrize(("places", "alike"), [((30,), True), ((10, 20, 30, 40, 50), False)])
def test_similarity_is_the_share_of_common_word_triples(places, alike):
    """Of 58 triples one changed word touches three: 55 / 61 = 0.90; five words: 43 / 73 = 0.59."""
    found = [
        clusters([example("a", words), example("b", changed(words, *places))], 0.8) != {}
        for words in texts(20)
    ]
    assert found == [alike] * 20


def test_a_common_system_text_makes_nothing_alike():
    system = " ".join(WORDS)
    rows = [example(str(i), words[:6], system) for i, words in enumerate(texts(20))]
    assert clusters(rows, 0.8) == {}


@pytest.mark.parametrize("words", [[], ["one"], ["one", "two"]])
def test_very_short_texts_are_alike_only_if_they_are_equal(words):
    rows = [example("a", words), example("b", words), example("c", ["else"])]
    assert clusters(rows, 0.8) == {"b": "a"}


def test_an_index_can_be_asked_without_taking_in():
    index = NearIndex(0.8)
    words = texts(1)[0]
    assert index.add(example("a", words)) == []
    assert index.find(example("b", changed(words, 3))) == ["a"]
    assert index.find(example("a", words)) == []
    assert index.add(example("b", changed(words, 3))) == ["a"]


def test_texts_in_a_script_without_blanks_are_compared_by_characters():
    text = (
        "请用三句话说明光合作用为什么对地球上的生命如此重要，并且举出两个日常生活中的例子。"
        "回答时不要使用专业术语，让没有学过生物的人也能够看懂；最后再写一句总结全文的短语。"
    )
    rows = [text, text.replace("三", "四"), text.replace("两", "几"), text[::-1]]
    found = clusters([example(str(at), [row]) for at, row in enumerate(rows)], 0.8)
    assert found == {"1": "0", "2": "0"}
