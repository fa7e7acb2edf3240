"""How likely a model finds given answers: batches padded on the right, logits where needed."""

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import pad
from tqdm.auto import tqdm

from peftline.evaluation.batches import by_length
from peftline.evaluation.metrics.metric_set import Likelihood
from peftline.labels import IGNORED
from peftline.objectives.collate import PadRight
from peftline.rendering.render import Tokens
from peftline.speed.ending import only_at
from peftline.speed.layers import causal_lm_of, replaced

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

# Labelled positions in one batch: their logits in float32 are 400 MB with a vocabulary of 49,152.
# A single row may have more.
_LABELLED = 2048


def log_likelihoods(
    model: "PreTrainedModel | PeftModel",
    rows: list[Tokens],
    batch_tokens: int,
    title: str = "Reading",
) -> list[Likelihood]:
    """The likelihood of each row's labelled tokens, given all that stands before each of them.

    A label on the first token does not count, for nothing stands before it.

    Args:
        model: a causal model, also one of PEFT with virtual tokens before each row.
        batch_tokens: read at once, counted with padding.
        title: of the progress bar.

    Returns:
        In the order of the rows.
    """
    device = next(model.parameters()).device
    model.eval()
    collate = PadRight(0)
    found: list[Likelihood] = [Likelihood(0.0, 0)] * len(rows)
    labelled = [len(row.labels) - row.labels.count(IGNORED) for row in rows]
    batches = by_length([len(row.input_ids) for row in rows], batch_tokens, labelled, _LABELLED)
    progress = tqdm(total=len(rows), desc=title, unit="text")
    with torch.inference_mode(), progress as bar:
        for batch in batches:
            columns = [{"input_ids": rows[i].input_ids, "labels": rows[i].labels} for i in batch]
            inputs = {name: tensor.to(device) for name, tensor in collate(columns).items()}
            sums, counts = _batch(model, inputs)
            for i, total, count in zip(batch, sums.tolist(), counts.tolist(), strict=True):
                found[i] = Likelihood(total, count)
            bar.update(len(batch))
    return found


def _batch(
    model: "PreTrainedModel | PeftModel", inputs: dict[str, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum of the log-likelihoods, and number of tokens, of each row.

    Args:
        inputs: `input_ids`, `attention_mask` and `labels`, each (rows, positions).
    """
    targets = pad(inputs.pop("labels")[:, 1:], (0, 1), value=IGNORED)
    keep = targets != IGNORED
    head = causal_lm_of(model).get_output_embeddings()
    with replaced([head], only_at(keep)):
        logits = model(**inputs, use_cache=False).logits[0]
    # In 16 bits, the logarithms of a softmax have an error of several per cent.
    each = logits.float().log_softmax(-1).gather(1, targets[keep][:, None]).squeeze(1)
    rows = keep.nonzero()[:, 0]
    sums = torch.zeros(len(keep), dtype=torch.float64, device=each.device)
    return sums.index_add_(0, rows, each.double()), keep.sum(1)
