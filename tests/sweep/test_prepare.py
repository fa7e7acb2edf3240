"""A sweep is about what was prepared for it."""

import pytest

from peftline.errors import PeftlineError
from peftline.sweep.prepare import check_prepared


@pytest.mark.parametrize("exchanged", ["data_sha256", "base_sha256"])
def test_what_another_run_puts_into_the_root_meanwhile_is_noticed(
    loud_base, sum_splits, sum_tokens, tmp_path, exchanged
):
    check_prepared(tmp_path, loud_base, sum_splits, sum_tokens)
    other = sum_tokens.model_copy(update={exchanged: "other"})
    with pytest.raises(PeftlineError, match="while the sweep was prepared.*--name of its own"):
        check_prepared(tmp_path, loud_base, sum_splits, other)
