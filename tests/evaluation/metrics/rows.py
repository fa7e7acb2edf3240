"""Rows of predictions as evaluation writes them."""


def scored(metric_set, table):
    """Rows from pairs of prediction and reference."""
    return [
        {
            "id": str(at),
            "group": str(at),
            "reference": reference,
            "prediction": prediction,
            "scores": metric_set.score(prediction, reference),
        }
        for at, (prediction, reference) in enumerate(table)
    ]
