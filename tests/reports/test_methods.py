from peftline.capabilities import TABLE
from peftline.reports import methods


def test_the_table_has_a_row_for_each_method():
    rows = methods.render().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(TABLE)
    assert {len(row.split("|")) for row in rows} == {
        len(methods.render().splitlines()[0].split("|"))
    }


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
