from peftline.capabilities import TABLE
from peftline.reports import methods


def test_the_table_has_a_row_for_each_method():
    lines = [line for line in methods.render().splitlines() if line.startswith("|")]
    rows = lines[2:]
    assert [row.split("`")[1] for row in rows] == list(TABLE)
    assert {len(row.split("|")) for row in lines} == {13}


def test_what_depends_on_the_type_is_no_promise_of_the_table():
    (row,) = (line for line in methods.render().splitlines() if line.startswith("| `peft`"))
    assert row.split(" | ")[1:3] == ["by type", "by type"]
    assert "not on a base in 4 bits `ADAMSS`" in methods.render()
    can, cannot = methods.facts({"adapter": {"type": "peft", "peft_type": "LOKR"}})
    assert {"4-bit base", "8-bit base"} <= set(cannot) and "merges" in can


def test_the_documentation_holds_the_table_of_today(project):
    text = (project / "docs/methods.md").read_text(encoding="utf-8")
    assert methods.renew(text) == text, "kedro methods --write docs/methods.md"


def test_the_facts_of_a_recipe_are_those_of_its_method():
    can, cannot = methods.facts({"adapter": {"type": "lora", "dora": True}})
    assert "merges" in can and "8-bit base" in cannot
    assert len(can) + len(cannot) == len(TABLE["dora"])
    can, cannot = methods.facts({"adapter": {"type": "none"}})
    assert "merges" in cannot and "is plain LoRA" in cannot


def test_settings_of_another_version_have_no_facts():
    assert methods.facts({"adapter": {"type": "forgotten"}}) == ([], [])
    assert methods.facts(None) == ([], [])
