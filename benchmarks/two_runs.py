"""Start two commands in one root at once, many times, and look whether one has harmed the other.

    python benchmarks/two_runs.py                       # 30 pairs, some 10 minutes on two cores
    python benchmarks/two_runs.py --first 10 --count 5  # some of them
    python benchmarks/two_runs.py --table pairs.jsonl   # sums up what --out has written
    python benchmarks/two_runs.py --killed --count 20   # the first is killed, and run again

The first command of a pair runs the recipe `lora` with `--env=test`, on rows of its own. The second
one waits, with everything imported, until the first begins a certain node; then it goes on. So the
second falls into each node of the first. Work is done in a copy of the project: its results and its
tracking database stay as they are.

A pair is right if what ended with exit code 0 is whole and about its own data, base and questions,
and what was refused says by whom and has left the other one alone. The exit code is 1 if one is
wrong.
"""

import argparse
import collections
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

KINDS = ("same recipe", "other recipe", "other data", "compare", "sweep")
# Waits for its gate where a run begins, all things read, and says which node it begins.
WORKER = """
import sys, time
from pathlib import Path
from kedro.framework.cli.cli import main
from kedro.framework.context import KedroContext
from kedro.pipeline.node import Node

gate, get_catalog, work = Path(sys.argv[1]), KedroContext._get_catalog, Node.run

def wait(self, *arguments, **names):
    catalog = get_catalog(self, *arguments, **names)
    print("At the gate", flush=True)
    while not gate.exists():
        time.sleep(0.002)
    return catalog

def say(self, *arguments, **names):
    print(f"Running node: {self.name}", flush=True)
    return work(self, *arguments, **names)

KedroContext._get_catalog, Node.run = wait, say
sys.argv = ["kedro", *sys.argv[2:]]
main()
"""


class Process:
    """A command of Kedro that waits for its gate, and what it prints, with times."""

    def __init__(self, project: Path, name: str, arguments: list[str], gated: bool = True) -> None:
        self.gate = project / f"{name}.gate"
        self.lines: list[tuple[float, str]] = []
        self._printed: queue.Queue[str] = queue.Queue()
        start = [str(project / "worker.py"), str(self.gate)] if gated else ["-m", "kedro"]
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, *start, *arguments],
            cwd=project,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"COLUMNS": "400", "PYTHONUNBUFFERED": "1", "HF_HUB_OFFLINE": "1"},
        )
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self.lines.append((time.monotonic(), line))
            self._printed.put(line)
        self._printed.put("")

    def wait_for(self, text: str) -> None:
        """Until it has printed this, or has ended."""
        while (line := self._printed.get()) and text not in line:
            pass

    def end(self) -> int:
        """Its exit code."""
        self._reader.join()
        return self._process.wait()

    @property
    def text(self) -> str:
        """All that it has printed, in one line."""
        return " ".join(" ".join(line for _, line in self.lines).split())

    def nodes(self) -> list[tuple[float, str]]:
        """When it began which node."""
        return [
            (at, line.split("Running node:")[1].strip())
            for at, line in self.lines
            if "Running node:" in line
        ]


class Outcome(NamedTuple):
    """What came of a pair."""

    number: int
    kind: str
    aimed_at: str
    """The node of the first whose beginning let the second go on."""
    node: str
    """The node that the first was at when the second began to run, or ended before it did."""
    exit_codes: tuple[int, int]
    outcome: str
    """`both complete`, `second refused`, `former kept, then new`, or what is WRONG."""


def prepare(source: Path) -> tuple[Path, list[str]]:
    """A copy of a project with one finished run, and the nodes of that run in their order."""
    project = Path(tempfile.mkdtemp(prefix="peftline-concurrent-"))
    shutil.copytree(source / "conf", project / "conf")
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(source / name, project / name)
    (project / "src").mkdir()
    (project / "worker.py").write_text(WORKER, encoding="utf-8")
    alone = Process(project, "alone", recipe("lora", project, "template", "template"))
    alone.gate.touch()
    if alone.end():
        raise SystemExit(alone.text)
    begun = alone.nodes()
    print("A run alone: its nodes, and when they began, in seconds after the first:")
    print(", ".join(f"{name} {at - begun[0][0]:.2f}" for at, name in begun), flush=True)
    return project, [name for _, name in begun]


def recipe(name: str, project: Path, experiment: str, word: str) -> list[str]:
    """Arguments that run a recipe on rows with a word of their own."""
    file = project / f"{word}.jsonl"
    rows = [{"instruction": f"Say {word} {i}", "output": f"{word} {i}"} for i in range(40)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    given = f"experiment={experiment},data.source={file}"
    return ["run", "--env=test", f"--pipelines={name}", f"--params={given}"]


def pair(project: Path, number: int, kind: str, node: str) -> Outcome:
    """Run two commands, the second from the moment when the first begins a node."""
    place, word = f"pair-{number}", f"apple{number}"
    root = project / "data/test/experiments" / place
    if kind == "compare":  # there is something to compare, which the first one makes anew
        shutil.copytree(root.with_name("template"), root)
        word = "template"
    before = _costs(root)
    first = Process(project, f"{place}-first", recipe("lora", project, place, word))
    other, arguments = second_command(kind, project, place, word)
    sweeps = kind == "sweep"
    second = Process(project, f"{place}-second", arguments) if not sweeps else None
    for process in (first, second):
        if process:
            process.wait_for("At the gate")
    first.gate.touch()
    first.wait_for(f"Running node: {node}\n")
    begun = time.monotonic()
    if second:
        second.gate.touch()
    else:
        second = Process(project, f"{place}-second", arguments, gated=False)
    codes = first.end(), second.end()
    began = next((at for at, _ in second.nodes()), second.lines[-1][0])
    at_node = [name for at, name in first.nodes() if at <= (begun if sweeps else began)][-1]
    wrong = problems(root, first, second, codes, kind, word, other, before)
    outcome = "second refused" if codes[1] else "both complete"
    if wrong:
        outcome = f"WRONG: {'; '.join(wrong)}"
        for name, process in (("first", first), ("second", second)):
            (project / f"{place}-{name}.log").write_text(process.text, encoding="utf-8")
    return Outcome(number, kind, node, at_node, codes, outcome)


def killed(project: Path, number: int, node: str) -> Outcome:
    """Kill a run that would replace a result, when it begins a node, and run it again."""
    place = f"killed-{number}"
    root = project / "data/test/experiments" / place
    shutil.copytree(root.with_name("template"), root)
    before = contents(root)
    arguments = recipe("lora", project, place, "template")
    first = Process(project, f"{place}-first", arguments)
    first.gate.touch()
    first.wait_for(f"Running node: {node}\n")
    os.kill(first.pid, signal.SIGKILL)
    codes = [first.end()]
    wrong = [] if contents(root) == before else ["the former result is not as it was"]
    second = Process(project, f"{place}-second", arguments)
    second.gate.touch()
    codes.append(second.end())
    wrong += [f"the second failed: {_last(second)}"] if codes[1] else []
    wrong += wrong_result(root, "lora", "template") + left_behind(root)
    outcome = f"WRONG: {'; '.join(wrong)}" if wrong else "former kept, then new"
    return Outcome(number, "killed", node, node, (codes[0], codes[1]), outcome)


def contents(root: Path) -> dict[str, bytes]:
    """All files that are seen, but for checkpoints, from which a killed run goes on."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not {".running", "checkpoints"} & set(path.parts)
    }


def left_behind(root: Path) -> list[str]:
    """What is hidden or unfinished after all runs have ended."""
    known = (".running", ".lock", ".lock.holder")  # the lock of a sweep stays
    store = next(path for path in root.parents if path.name == "test")
    layers = [path for path in store.glob("0*/**/.*") if path.name not in known]
    left = [path for path in root.rglob(".*") if path.name not in known]
    left += [*layers, *root.glob("**/.running/*")]
    return [f"left behind: {', '.join(path.name for path in left)}"] if left else []


def second_command(kind: str, project: Path, place: str, word: str) -> tuple[str, list[str]]:
    """The word of the second's rows, and its arguments."""
    if kind == "compare":
        return word, ["run", "--env=test", "--pipelines=compare", f"--params=experiment={place}"]
    if kind == "sweep":
        pear = f"{place}-pear"
        given = recipe("ia3", project, place, pear)[-1].split(",")[1]
        options = ["--recipes=ia3", "--seeds=1", f"--name={place}", f"--params={given}"]
        return pear, ["sweep", "--env=test", *options]
    if kind == "other data":
        pear = f"{place}-pear"
        return pear, recipe("ia3", project, place, pear)
    return word, recipe("lora" if kind == "same recipe" else "ia3", project, place, word)


def problems(
    root: Path,
    first: Process,
    second: Process,
    codes: tuple[int, int],
    kind: str,
    word: str,
    other: str,
    before: list[float],
) -> list[str]:
    """What is wrong with what two commands have left."""
    wrong = []
    if codes[0]:
        wrong.append(f"the first failed: {_last(first)}")
    else:
        wrong += [f"first: {what}" for what in wrong_result(root, "lora", word)]
    if codes[1]:
        if f"by process {first.pid} " not in second.text:
            wrong.append(f"the second failed without saying who is in its way: {_last(second)}")
    elif kind == "compare":
        wrong += wrong_comparison(root, before)
    elif kind == "sweep":
        points = [path.parent for path in root.glob("*/point.json")]
        wrong += [
            f"sweep: {what}" for point in points for what in wrong_result(point, "ia3", other, 1)
        ]
        wrong += [] if points else ["the sweep left no point"]
    else:
        name = "lora" if kind == "same recipe" else "ia3"
        wrong += [f"second: {what}" for what in wrong_result(root, name, other)]
    return wrong + left_behind(root)


def wrong_result(root: Path, name: str, word: str, seed: int = 42) -> list[str]:
    """What a finished run has left that is not there, or not about its own rows."""
    run = f"{name}/seed-{seed}"
    wrong = []
    try:
        summary = _json(root / f"08_reporting/{run}/summary.json")
        adapter = _json(root / f"06_models/{run}/adapter/peftline.json")
        answered = _lines(root / f"07_model_output/{run}/predictions.jsonl")
    except FileNotFoundError as error:
        return [f"there is no {error.filename}"]
    store = next(path for path in root.parents if path.name == "test")
    own = [
        _json(path.parent / "manifest.json")["sha256"]
        for path in (store / "03_primary").glob("*/test.jsonl")
        if _is_about(_lines(path), word, "messages")
    ]
    bases = [
        _json(path.parent / "manifest.json")
        for path in (store / "07_model_output/base").glob("*/predictions.jsonl")
        if _is_about(_lines(path), word, "prompt")
    ]
    if summary["data"]["sha256"] not in own:
        wrong.append("the summary names other data")
    if adapter["data_sha256"] not in own:
        wrong.append("the adapter was trained on other data")
    if adapter["input_hash"] != summary["input_hash"]:
        wrong.append("the adapter is not that of the summary")
    if not _is_about(answered, word, "prompt") or len(answered) != 8:
        wrong.append("the predictions are of other data")
    summed_up = {mode: scores for mode, scores in summary["base_metrics"].items() if scores}
    if not any(summed_up == {mode: base.get(mode) for mode in summed_up} for base in bases):
        wrong.append("the base's scores are of other data")
    if name == "lora" and not (root / f"06_models/{run}/merged/model.safetensors").exists():
        wrong.append("there is no merged model")
    return wrong


def wrong_comparison(root: Path, before: list[float]) -> list[str]:
    """Whether a comparison shows the former result or the new one, whole."""
    comparison = _json(root / "08_reporting/comparison.json")
    shown = [row["costs"]["train_seconds"] for row in comparison["rows"] if row["kind"] == "recipe"]
    missing = [failure["reason"] for failure in comparison["failures"]]
    if missing or len(shown) != 1 or shown[0] not in before + _costs(root):
        return [f"the comparison shows {shown} (before: {before}, now: {_costs(root)}), {missing}"]
    return []


def _costs(root: Path) -> list[float]:
    file = root / "08_reporting/lora/seed-42/summary.json"
    return [_json(file)["train_seconds"]] if file.exists() else []


def _is_about(rows: list[dict[str, Any]], word: str, field: str) -> bool:
    return all(f"Say {word} " in json.dumps(row[field]) for row in rows)


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _last(process: Process) -> str:
    return " ".join(process.text.split()[-40:])


def report(outcomes: list[Outcome]) -> None:
    """A line for each kind, and how often the second fell into which node of the first."""
    print(f"\n{'second':14} pairs  right: both complete, refused, former kept  wrong")
    for kind in [*dict.fromkeys(outcome.kind for outcome in outcomes), "all"]:
        of_kind = [outcome for outcome in outcomes if kind in (outcome.kind, "all")]
        counts = collections.Counter(outcome.outcome.partition(":")[0] for outcome in of_kind)
        names = ("both complete", "second refused", "former kept, then new", "WRONG")
        both, refused, kept, wrong = (counts[name] for name in names)
        print(f"{kind:14} {len(of_kind):5} {both:20} {refused:8} {kept:12} {wrong:6}")
    for title, nodes in (
        ("The second was let go when the first began:", [each.aimed_at for each in outcomes]),
        (
            "The second began its own first node when the first was at:",
            [each.node for each in outcomes],
        ),
    ):
        print(f"\n{title}")
        for node, count in collections.Counter(nodes).most_common():
            print(f"{node:28} {'#' * count} {count}")


def main() -> None:
    """Run pairs, print what came of each, and end with 1 if one is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--first", type=int, default=0, help="number of the first pair")
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--project", type=Path, default=Path(__file__).parents[1])
    parser.add_argument(
        "--killed", action="store_true", help="kill the first with SIGKILL, then run it again"
    )
    parser.add_argument("--table", type=Path, nargs="*", help="only sum up such files")
    parser.add_argument("--out", type=Path, help="append outcomes to this file, as JSON lines")
    given = parser.parse_args()
    if given.table:
        outcomes = [Outcome(**row) for file in given.table for row in _lines(file)]
    else:
        project, nodes = prepare(given.project.resolve())
        outcomes = []
        for number in range(given.first, given.first + given.count):
            kind, node = KINDS[number % len(KINDS)], nodes[number % len(nodes)]
            if given.killed:
                outcomes.append(killed(project, number, node))
            else:
                outcomes.append(pair(project, number, kind, node))
            print(json.dumps(outcomes[-1]._asdict()), flush=True)
            if given.out:
                with given.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(outcomes[-1]._asdict()) + "\n")
        if not any("WRONG" in each.outcome for each in outcomes):
            shutil.rmtree(project)  # otherwise it is of use to find out why
    report(outcomes)
    sys.exit(any("WRONG" in each.outcome for each in outcomes))


if __name__ == "__main__":
    main()
