import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftline.corpus import json_list

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(
    values=st.lists(VALUES, max_size=8),
    piece=st.integers(1, 9),
    indent=st.sampled_from([None, 0, 1]),
    ascii_=st.booleans(),
)
def test_a_list_read_in_pieces_is_the_list(values, piece, indent, ascii_):
    text = io.StringIO(json.dumps(values, indent=indent, ensure_ascii=ascii_))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_list, "_PIECE", piece)
        assert list(json_list.items(text)) == values


@given(values=st.lists(VALUES, min_size=1, max_size=3), data=st.data())
def test_a_list_cut_anywhere_is_refused(values, data):
    text = json.dumps(values)
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(ValueError):
        list(json_list.items(io.StringIO(text[:cut])))


@pytest.mark.parametrize("text", ["", "{}", "[1,]", "[,1]", "[1 2]", "[1] 2", "[1]]", "[oops]"])
def test_what_is_no_list_is_refused(text):
    with pytest.raises(ValueError):
        list(json_list.items(io.StringIO(text)))


def test_items_come_before_the_end_is_read():
    class Endless(io.StringIO):
        def read(self, size=-1):
            return super().read(size) or "1," * size

    items = json_list.items(Endless("["))
    assert [next(items) for _ in range(5)] == [1] * 5
