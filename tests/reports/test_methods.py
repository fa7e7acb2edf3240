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
