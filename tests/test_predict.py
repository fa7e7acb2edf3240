import json

import pytest

from peftline.errors import PeftlineError
from peftline.predict import predict, read_prompts
from peftline.schema import Predict


@pytest.fixture
def write(tmp_path):
    def make(text, name="prompts.jsonl", encoding="utf-8"):
        path = tmp_path / name
        path.write_text(text, encoding=encoding)
        return path

    return make


def texts(path):
    return [prompt.text for prompt in read_prompts(path)]


def refused(path):
    with pytest.raises(PeftlineError) as caught:
        read_prompts(path)
    return str(caught.value)


def test_json_lines_hold_prompts_or_instructions(write):
    lines = [
        {"prompt": "Say hi."},
        {"instruction": "Add.", "input": "2 and 2"},
        {"instruction": "Say hi.", "input": None, "output": "ignored"},
    ]
    path = write("\n".join(json.dumps(line) for line in lines) + "\n\n")
    assert texts(path) == ["Say hi.", "Add.\n\n2 and 2", "Say hi."]


def test_a_text_file_holds_a_prompt_a_line(write):
    path = write("Say hi.\r\n\n  {not json}  \nGrüße\n", "prompts.txt")
    assert texts(path) == ["Say hi.", "{not json}", "Grüße"]


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_a_byte_order_mark_is_no_part_of_a_prompt(write, name):
    line = '{"prompt": "hi"}' if name.endswith("l") else "hi"
    assert texts(write(line, name, "utf-8-sig")) == ["hi"]


def test_all_bad_lines_are_listed_with_their_numbers(write):
    lines = ['{"prompt": "ok"}', "nonsense", "[1]", '{"question": "x"}', '{"prompt": 3}']
    found = refused(write("\n".join(lines)))
    for number in (2, 3, 4, 5):
        assert f"prompts.jsonl, line {number}:" in found
    assert "line 1:" not in found
    assert "found list, not an object" in found
    assert "neither 'prompt' nor 'instruction' among question" in found
    assert "Each line is an object with 'prompt'" in found


@pytest.mark.parametrize(("text", "name"), [("", "a.txt"), ("\n \n", "a.jsonl")])
def test_a_file_without_prompts_is_refused(write, text, name):
    assert refused(write(text, name)) == f"{name}: the file has no prompt. Write one a line."


def test_a_missing_file_is_named_with_what_is_wanted(tmp_path):
    found = refused(tmp_path / "absent.txt")
    assert "absent.txt: there is no such file" in found
    assert "a prompt a line" in found


def test_base_and_adapter_answer_every_prompt_in_order(trained_lora, loud_base, write, float32):
    path = write("Add 3 and 1.\nAdd 5 and 5. Now!\nAdd 9 and 3.", "prompts.txt")
    settings = Predict(input=path, recipe="lora", max_new_tokens=6)
    rows = predict(loud_base, trained_lora.handle, settings)
    assert [row["prompt"] for row in rows] == texts(path)
    assert all(set(row) == {"prompt", "base", "adapter"} for row in rows)
    assert [row["base"] for row in rows] != [row["adapter"] for row in rows]


def test_an_adapter_of_another_base_is_refused_before_anything_is_loaded(
    trained_lora, loud_base, tmp_path
):
    other = loud_base.model_copy(update={"sha256": "other", "path": tmp_path / "nowhere"})
    with pytest.raises(PeftlineError, match="another base model"):
        predict(other, trained_lora.handle, Predict(input=tmp_path / "x", recipe="lora"))


def test_an_adapter_that_a_run_replaces_meanwhile_answers_nothing(trained_lora, loud_base, write):
    described = trained_lora.handle.model_copy(update={"sha256": "of the former result"})
    settings = Predict(input=write('{"prompt": "Say hi."}'), recipe="lora")
    with pytest.raises(PeftlineError, match="a run has put a new result here meanwhile"):
        predict(loud_base, described, settings)
