"""A report on a small data set, made once."""

import json

import pytest


@pytest.fixture(scope="session")
def prepared(shared_root, tiny_base):
    """Rows of any format up to tokens: `data`, `examples`, `splits`, `tokenised`, `rendering`."""
    from types import SimpleNamespace

    from peftline.corpus.deduplicate import deduplicate
    from peftline.corpus.ingest import ingest
    from peftline.corpus.split import split
    from peftline.corpus.validate import validate
    from peftline.data_schema import Data
    from peftline.rendering.tokenise import tokenise
    from peftline.schema import Rendering

    made = []

    def prepare(rows, base=tiny_base, rendering=None, **settings):
        file = shared_root / f"rows-{len(made)}.jsonl"
        made.append(file)
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        sizes = {"train_rows": 1, "validation_rows": 8, "test_rows": 8}
        data = Data(source=str(file), **sizes, **settings)
        rendering = Rendering(**{"max_length_tokens": 3072} | (rendering or {}))
        valid = validate(ingest(data, shared_root), data, shared_root)
        examples = deduplicate(valid, data, shared_root)
        splits = split(examples, data, shared_root)
        tokenised = tokenise(splits, base, rendering, shared_root)
        return SimpleNamespace(
            data=data, examples=examples, splits=splits, tokenised=tokenised, rendering=rendering
        )

    return prepare


@pytest.fixture(scope="session")
def inspected(prepared, recipe, tiny_base):
    """The report on rows."""
    from peftline.preflight.inspect import inspect
    from peftline.schema import Evaluation

    def look(
        rows, base=tiny_base, for_training=True, quantization=None, evaluation=None, **settings
    ):
        made = prepared(rows, base=base, **settings)
        return inspect(
            name="lora",
            recipe=recipe(quantization=quantization),
            seed=42,
            base=base,
            for_training=for_training,
            evaluation=Evaluation(**evaluation or {}),
            **vars(made),
        )

    return look
