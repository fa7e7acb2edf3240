import torch

from peftline.labels import IGNORED
from peftline.objectives.collate import PadRight

END = 7
LONG = {"input_ids": [1, 2, 3, 4, END], "labels": [IGNORED, IGNORED, 3, 4, END], "length": 5}
SHORT = {"input_ids": [5, END], "labels": [5, END], "length": 2}


def test_rows_are_padded_on_the_right_to_the_longest():
    batch = PadRight(0)([SHORT, LONG])
    assert batch["input_ids"].tolist() == [[5, END, 0, 0, 0], [1, 2, 3, 4, END]]
    assert batch["attention_mask"].tolist() == [[1, 1, 0, 0, 0], [1, 1, 1, 1, 1]]
    assert batch["labels"].tolist() == [[5, END] + [IGNORED] * 3, LONG["labels"]]
    assert all(tensor.dtype == torch.long for tensor in batch.values())


def test_an_end_token_that_is_also_the_padding_keeps_its_loss():
    batch = PadRight(END)([SHORT, LONG])
    assert batch["labels"][0].tolist() == [5, END, IGNORED, IGNORED, IGNORED]
    assert batch["attention_mask"][0].tolist() == [1, 1, 0, 0, 0]
    assert (batch["labels"] == END).sum() == 2


def test_rows_of_one_length_need_no_padding():
    batch = PadRight(0)([LONG, LONG])
    assert batch["attention_mask"].all()
    assert batch["labels"].tolist() == [LONG["labels"]] * 2
