from peftline.config import flat


def test_nested_settings_have_dotted_names():
    assert flat({"a": {"b": 1, "c": {}}, "d": None}) == {"a.b": 1, "a.c": {}, "d": None}
