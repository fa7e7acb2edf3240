import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from peftline.comparison import groups
from peftline.comparison.compare import compare
from peftline.comparison.runs import Failure, Runs
from peftline.reports import curves, disagreement, trade_offs
from peftline.reports.comparison import page
from tests.comparison.invented import run
from tests.reports.browser import CHROMIUM, content_width, look
from tests.reports.comparisons import BAD, CLOSE, EVIL, GOOD, invented, with_seeds

in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")

SORT = """
const head = [...page.querySelectorAll('#table thead th')]
  .find(th => th.textContent.trim() === 'training');
const names = () => [...page.querySelectorAll('#table tbody:first-of-type th')]
  .map(th => th.dataset.value.split('<')[0]);
const seen = [names(), head.getAttribute('aria-sort')];
for (let i = 0; i < 2; i++) {
  head.querySelector('button').click();
  seen.push(names(), head.getAttribute('aria-sort'));
}
return seen"""

BROWSE = """
const option = (id, text) => {
  const select = page.getElementById(id);
  select.value = [...select.options].find(o => o.textContent.startsWith(text)).value;
  select.dispatchEvent(new Event('input'));
};
const texts = () => [...page.querySelectorAll('#found article')].map(a => a.textContent);
const counts = () => page.getElementById('counts').textContent;
option('row-a', 'good'); option('row-b', 'bad');
const seen = [counts(), texts().length];
page.getElementById('more').click();
seen.push(texts().length, page.getElementById('more').hidden);
const choose = (id, value) => {
  page.getElementById(id).value = value;
  page.getElementById(id).dispatchEvent(new Event('input'));
};
choose('which', 'same-bad');
seen.push(texts(), page.querySelectorAll('img').length, page.title);
choose('which', 'same-good'); choose('filter', 'QUESTION 4');
seen.push(counts(), texts().length);
return seen"""

CURVES = """
const shown = () => [...page.querySelectorAll('figure.curves')]
  .filter(f => !f.hidden).map(f => f.dataset.loss + ' ' + f.dataset.progress);
const faint = () => page.querySelectorAll('figure:not([hidden]) .curve.off').length;
const seen = [shown(), faint()];
page.querySelector('input[value=train_loss]').click();
page.querySelector('input[value=tokens]').click();
page.querySelector('#legend input').click();
seen.push(shown(), faint());
page.querySelector('[data-show=none]').click();
seen.push(faint());
return seen"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "comparison.html"
    file.write_text(page(*invented()), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def text(written):
    return written.read_text(encoding="utf-8")


def test_what_people_and_models_write_is_text_not_markup(text):
    assert "<img" not in text
    assert text.count("</script>") == 2  # the data's and the script's own
    for where in ("Low rank", "loss is nan", "flat", "raise", "evil"):
        assert f"{where} &lt;/script&gt;&lt;img" in text or f"{where}&lt;/script" in text


def test_only_the_script_of_the_page_may_run_and_nothing_is_fetched(text):
    policy = re.search('Content-Security-Policy" content="([^"]*)"', text)[1]
    (script,) = re.findall("<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy and "default-src 'none'" in policy
    for word in ("http://", "https://", "<link", " src=", "@import", "url("):
        assert word not in text.replace("img src=x", ""), word


def test_everything_that_was_found_is_on_the_page(text):
    for told in (
        "Highest exact_match: good",
        "best group",
        "base (few-shot)",
        "no result: loss is nan",
        "not comparable: another base model",
        "1 run without a result, 1 run that cannot be compared",
        "Without a value in any of these runs: ",
        "Without this number: bad",
        "no description; its recipe file is not in this project",
    ):
        assert told in text, told


def test_the_matrix_says_who_is_ahead(text):
    table = re.search('<table id="matrix">.*?</table>', text, re.DOTALL)[0]
    good = re.search('<tr><th scope="row">good</th>(.*?)</tr>', table)[1]
    kinds = re.findall('<td class="([a-z]+)"', good)
    assert kinds == ["self", "open", "ahead", "ahead", "ahead"]
    assert 'title="good − bad: +40.0 points (' in good


def test_a_root_with_failures_alone_has_a_page():
    runs = Runs(Path("trial"), [], [Failure("vera", 7, "loss is nan")])
    text = page(compare(runs), runs)
    assert "No finished run can be compared" in text and "no result: loss is nan" in text


def test_runs_without_scores_have_a_page_with_losses():
    runs = Runs(Path("trial"), [run("a", []), run("b", [], validation_loss=0.25)], [])
    text = page(compare(runs), runs)
    assert "By validation loss per token, b is first" in text and "validation loss 0.2500" in text


def test_half_a_surrogate_pair_does_not_keep_the_page_from_being_written():
    one = run("a", GOOD)
    one.predictions[0]["prediction"] = "\ud83d"
    runs = Runs(Path("trial"), [one], [Failure("b", 1, "\ud83d")])
    page(compare(runs), runs).encode("utf-8")


def test_the_trade_off_joins_those_that_nothing_beats():
    found, _ = invented()
    picture = next(one for one in trade_offs.pictures(found) if one["cost"] == "train_seconds")
    members = {point["name"] for point in picture["points"] if point["pareto"]}
    assert members == {"good", "close"} == set(found.pareto["train_seconds"])
    at = {point["name"]: point for point in picture["points"]}
    assert at["close"]["x"] < at["good"]["x"] and at["close"]["y"] > at["good"]["y"]
    assert at["good"]["title"] == "good: 90.0 % (76.9 to 96.0)†; 60 s"


def test_curves_skip_losses_that_are_no_number():
    one = run("a", GOOD)
    records = [{"step": 0, "train_loss": float("nan")}, {"step": 4, "train_loss": 2.0}]
    one.history.update(records=[*records, {"step": 8, "train_loss": float("inf")}])
    assert curves.points(one, "train_loss", "steps") == [(4, 2.0)]
    assert curves.points(one, "train_loss", "tokens") == [(4000.0, 2.0)]


def test_the_matrix_says_whether_tests_have_the_spread_over_seeds():
    told = "a t-test with the error by groups and the spread over seeds"
    assert told in page(*with_seeds()) and told not in page(*invented())


def test_the_browser_holds_the_answers_of_the_seed_that_most_recipes_have():
    runs = [run("a", CLOSE, seed=1), run("a", GOOD, seed=2), run("b", BAD, seed=2)]
    runs.append(run("c", CLOSE, seed=3))  # the only one that it has
    data = disagreement.embedded(compare(Runs(Path("t"), runs, [])), runs)
    assert {row["name"]: row["seed"] for row in data["rows"]} == {"a": 2, "b": 2, "c": 3}
    assert next(row["scores"] for row in data["rows"] if row["name"] == "a") == GOOD
    assert data["examples_in_all"] == len(data["examples"]) == 40


def test_a_page_of_very_long_answers_is_cut_and_says_so(monkeypatch):
    monkeypatch.setattr(disagreement, "_MOST_BYTES", 1000)
    found, runs = invented()
    data = disagreement.embedded(found, groups.comparable(runs.runs).runs)
    shown = len(data["examples"])
    assert 0 < shown < 40 and len(data["rows"][0]["answers"]) == shown
    assert f"to the first {shown} of 40 test examples" in page(found, runs)


@in_a_browser
def test_a_click_on_a_heading_sorts_and_another_turns_the_order(written):
    seen, console = look(written, SORT)
    before, unsorted, down, descending, up, ascending = seen
    assert before == ["good", "close", "bad", "evil", "base (few-shot)"] and unsorted == "none"
    assert down[0] == "evil" and down[3:] == ["close", "base (few-shot)"]
    assert up[0] == "close" and up[3:] == ["evil", "base (few-shot)"]  # without a value: last
    assert (descending, ascending) == ("descending", "ascending")
    assert console == []


@in_a_browser
def test_the_browser_of_answers_shows_a_hostile_answer_as_text(written):
    seen, console = look(written, BROWSE)
    counts, first, all_of_them, no_more, hostile, images, title, filtered, matching = seen
    better = sum(a > b for a, b in zip(GOOD, BAD, strict=True))
    assert counts.startswith(f"good better: {better}; bad better: 2; ")
    assert (first, all_of_them, no_more) == (min(20, better), better, True)
    assert any(EVIL in text for text in hostile)
    assert images == 0 and title == "Comparison: trial"
    # There are 40 examples, so '4' alone begins with a 4.
    assert filtered.startswith("good better: 0; bad better: 0;") and matching == 1
    assert console == []


@in_a_browser
def test_curves_can_be_switched(written):
    seen, console = look(written, CURVES)
    first, none_faint, second, one_faint, all_faint = seen
    assert first == ["validation_loss steps"] and second == ["train_loss tokens"]
    assert (none_faint, one_faint, all_faint) == (0, 1, 4)
    assert console == []


@in_a_browser
@pytest.mark.parametrize("width", [360, 1200])
def test_it_is_shown_without_scrolling_sideways(written, width):
    assert content_width(written, width) <= width


@in_a_browser
def test_a_script_of_somebody_else_does_not_run(written, tmp_path):
    foul = tmp_path / "foul.html"
    text = written.read_text().replace("</body>", "<script>document.title='owned'</script></body>")
    foul.write_text(text)
    title, console = look(foul, "return page.title")
    assert title == "Comparison: trial" and any("Content Security Policy" in c for c in console)


def test_the_embedded_data_is_json(text):
    data = re.search('id="browser-data">(.*?)</script>', text, re.DOTALL)[1]
    assert "<" not in data
    answers = {row["name"]: row["answers"] for row in json.loads(data)["rows"]}
    assert answers["good"][39] == EVIL
