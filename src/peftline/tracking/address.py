"""Where MLflow shows the runs of an experiment: `python -m peftline.tracking.address DATABASE`."""

import sys

PAGE = "http://127.0.0.1:5000/#/experiments"


def address(database: str, experiment: str) -> str:
    """The page of an experiment; of all experiments, if there is none of that name yet.

    Args:
        database: its URI, such as `sqlite:////home/me/peftline/mlflow.db`.
    """
    import mlflow

    found = mlflow.MlflowClient(database).get_experiment_by_name(experiment)
    # Else MLflow opens at pages for agents.
    return f"{PAGE}/{found.experiment_id}/runs?workflowType=machine_learning" if found else PAGE


if __name__ == "__main__":
    sys.stdout.write(address(*sys.argv[1:]))
