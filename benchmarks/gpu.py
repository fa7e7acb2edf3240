"""Every shortcut against the plain way, speed beside TRL and memory of every stage, on a GPU.

    python benchmarks/gpu.py                      # a random Llama of 1 billion parameters
    python benchmarks/gpu.py --size=tiny          # 0.1 million: all of it in a minute on a CPU
    python benchmarks/gpu.py --only gradients     # checks whose names hold this word

Needs torch, transformers, peft, trl and bitsandbytes with what they bring, and of what
`src/peftline` imports pydantic and click (stages that score also grimp and scipy); no Kedro, no
MLflow and no network. What the machine lacks is skipped, and counted in the last line. The exit
code is 1 if a check has failed.

A check is a function below that takes a `Machine`, returns its figures, and raises `Failed` or
`Skipped`; a new one is added to `CHECKS`.
"""

import argparse
import contextlib
import gc
import importlib.util
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))  # without an installation

import torch
from torch.nn.functional import cross_entropy

SIZES = {
    "tiny": {
        "vocab_size": 258,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
    },
    "135m": {  # SmolLM2-135M's
        "vocab_size": 49_152,
        "hidden_size": 576,
        "intermediate_size": 1_536,
        "num_hidden_layers": 30,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
    },
    "1b": {  # Llama 3.2 1B's, with a smaller vocabulary
        "vocab_size": 32_768,
        "hidden_size": 2_048,
        "intermediate_size": 8_192,
        "num_hidden_layers": 16,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
    },
}
LORA = {"r": 16, "lora_alpha": 32, "target_modules": "all-linear", "task_type": "CAUSAL_LM"}
FLOAT32 = 1e-3  # relative; sums in another order, through up to 30 layers
IGNORED = -100
# Of every stage: no copy of the model beside it, and room for what a few rows need.
MOST_OF_THE_FILE, MOST_BESIDE = 1.3, 1.5e9


class Skipped(Exception):
    """The machine lacks something; the message says what."""


class Failed(Exception):
    """A check has found a fault; the message gives the figures."""


class Machine(NamedTuple):
    """What a check is given."""

    device: torch.device
    shape: dict[str, int]
    """Of the model, as settings of `LlamaConfig`."""
    rows: int
    row_tokens: int
    """Of the longest row; the shortest has a quarter."""
    steps: int
    """Of timed trainings."""
    folder: Path
    """Temporary."""


def require(condition: bool, message: str) -> None:
    """Raises `Failed` where a condition does not hold."""
    if not condition:
        raise Failed(message)


def need_cuda(machine: Machine) -> None:
    """Raises `Skipped` on a CPU."""
    if machine.device.type != "cuda":
        raise Skipped("no CUDA")


def synchronise(machine: Machine) -> None:
    """Wait until the device has done all that it was given."""
    if machine.device.type == "cuda":
        torch.cuda.synchronize()


# The model and its rows


def llama(machine: Machine, dtype: torch.dtype = torch.float32, **settings: Any) -> Any:
    """A Llama of random weights: large enough ones that every token depends on those before it."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape = {**machine.shape, "tie_word_embeddings": True, **settings}
    ends = {"bos_token_id": None, "eos_token_id": 0, "pad_token_id": 0}
    model = LlamaForCausalLM(LlamaConfig(**shape, **ends, initializer_range=0.05))
    model.config.dtype = dtype
    return model.to(machine.device, dtype).eval()


def with_lora(model: Any) -> Any:
    """LoRA that has left its starting point; its factors are float32, as in training."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(1)
    wrapped = get_peft_model(model, LoraConfig(**LORA))
    for name, parameter in wrapped.named_parameters():
        if parameter.requires_grad:
            parameter.data = torch.randn_like(parameter.float()) * (0.01 if "_B" in name else 0.05)
    return wrapped


def batch_of(machine: Machine) -> dict[str, torch.Tensor]:
    """Rows of unequal lengths, padded; the last quarter of each carries loss."""
    from peftline.objectives.collate import PadRight

    generator = torch.Generator().manual_seed(0)
    made = []
    for row in range(machine.rows):
        length = machine.row_tokens * (row % 4 + 1) // 4
        ids = torch.randint(1, machine.shape["vocab_size"], (length,), generator=generator).tolist()
        begin = length * 3 // 4
        made.append({"input_ids": ids, "labels": [IGNORED] * begin + ids[begin:]})
    return {name: tensor.to(machine.device) for name, tensor in PadRight(0)(made).items()}


Gradients = dict[str, torch.Tensor]


def gradients(model: Any, loss: torch.Tensor) -> Gradients:
    """Of what is trained; by name, in float32."""
    loss.backward()
    found = {n: p.grad.float() for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad(set_to_none=True)
    return found


def plain(model: Any, batch: dict[str, torch.Tensor]) -> Gradients:
    """Those of the sum of the token losses, by all logits of the model, padded."""
    from peftline.base_model.hardware import autocast
    from peftline.speed.layers import causal_lm_of

    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    with autocast(causal_lm_of(model)):
        logits = model(**inputs, use_cache=False).logits[:, :-1].flatten(0, 1).float()
        targets = batch["labels"][:, 1:].flatten()
        loss = cross_entropy(logits, targets, ignore_index=IGNORED, reduction="sum")
    return gradients(model, loss)


def ours(model: Any, batch: dict[str, torch.Tensor]) -> Gradients:
    """The same by this project's loss, with the shortcuts that are in place."""
    from peftline.objectives.token_losses import batch_loss

    return gradients(model, batch_loss(model, batch)[0])


def difference(one: Gradients, other: Gradients) -> float:
    """The largest relative difference of a gradient."""
    require(one.keys() == other.keys() and bool(one), "other parameters have gradients")
    return max(((one[n] - other[n]).norm() / other[n].norm()).item() for n in one)


def equal(one: Gradients, other: Gradients, most: float = FLOAT32) -> str:
    """The difference, in words; `Failed` if it is larger than `most`."""
    found = difference(one, other)
    told = f"gradients differ by {found:.1e} at most (limit {most:.1e})"
    require(found <= most, told)
    return told


@contextlib.contextmanager
def kept(model: Any) -> Iterator[None]:
    """An adapter beside a 16-bit base computes in the type of the base, as in training."""
    from peftline.adapters.wrap import inputs_kept

    with inputs_kept(model):
        yield


# Gradients of each shortcut against the plain way


def gradients_of_the_frozen_head(machine: Machine) -> str:
    """The head only where there is loss, in chunks."""
    model, batch = with_lora(llama(machine)), batch_of(machine)
    return equal(ours(model, batch), plain(model, batch))


def gradients_of_capped_logits(machine: Machine) -> str:
    """A model that caps its logits, by its own logits where there is loss."""
    from transformers import Gemma2Config, Gemma2ForCausalLM

    torch.manual_seed(0)
    shape = {**machine.shape, "head_dim": 64, "final_logit_softcapping": 2.0, "pad_token_id": 0}
    config = Gemma2Config(**shape, initializer_range=0.05, attn_implementation="eager")
    model = with_lora(Gemma2ForCausalLM(config).to(machine.device).eval())
    batch = batch_of(machine)
    return equal(ours(model, batch), plain(model, batch))


def gradients_of_a_router(machine: Machine) -> str:
    """Experts whose router has a loss of its own, as transformers adds it."""
    from transformers import MixtralConfig, MixtralForCausalLM

    from peftline.objectives.token_losses import losses

    torch.manual_seed(0)
    routed = {"num_local_experts": 4, "router_aux_loss_coef": 0.1, "pad_token_id": 0}
    config = MixtralConfig(**machine.shape | {"num_hidden_layers": 2}, **routed)
    model, batch = MixtralForCausalLM(config).to(machine.device).eval(), batch_of(machine)
    total, tokens, router = losses(model, batch, router=True)
    found = gradients(model, total / tokens + router)
    return equal(found, gradients(model, model(**batch, output_router_logits=True).loss))


def gradients_of_packed_rows(machine: Machine) -> str:
    """Rows one after the other, each attending to itself, against padded ones."""
    from peftline.speed.packing import rows_apart

    model, batch = with_lora(llama(machine)), batch_of(machine)
    expected = plain(model, batch)
    ours(model, batch)  # tried out as it is
    with rows_apart(model.get_base_model(), "on", machine.row_tokens):
        return equal(ours(model, batch), expected)


def gradients_of_lora_layers(machine: Machine) -> str:
    """Both products of a LoRA layer into the same memory, against PEFT's layers."""
    from peftline.speed import low_rank

    model, batch = with_lora(llama(machine)), batch_of(machine)
    expected = plain(model, batch)
    with low_rank.fused(model, lambda: model(batch["input_ids"][:1, :2])) as layers:
        require(layers == 7 * machine.shape["num_hidden_layers"], f"{layers} layers are fused")
        return equal(ours(model, batch), expected)


def gradients_of_norms(machine: Machine) -> str:
    """RMS norms by their closed form, against autograd's."""
    from peftline.speed import norms

    model, batch = with_lora(llama(machine)), batch_of(machine)
    expected = plain(model, batch)
    with norms.fused(model) as layers:
        require(layers == 2 * machine.shape["num_hidden_layers"] + 1, f"{layers} norms are fused")
        return equal(ours(model, batch), expected)


def gradients_of_micro_batches(machine: Machine) -> str:
    """A step in parts, against the whole."""
    from peftline.objectives.micro_batches import parts
    from peftline.objectives.token_losses import batch_loss

    model, batch = with_lora(llama(machine)), batch_of(machine)
    expected = plain(model, batch)
    split = list(parts(batch, machine.row_tokens))
    require(len(split) > 1, "the batch is one part")
    return equal(gradients(model, sum(batch_loss(model, part)[0] for part in split)), expected)


def gradients_in_sixteen_bits(machine: Machine) -> str:
    """All shortcuts at once on a bfloat16 base: as near to float32 as the plain way is."""
    from peftline.speed import Speed, applied

    batch = batch_of(machine)
    exact = plain(with_lora(llama(machine)), batch)
    model = with_lora(llama(machine, torch.bfloat16))
    with kept(model):
        usual = distance(plain(model, batch), exact)
        with applied(Speed(packing="on"), model, machine.row_tokens):
            found = distance(ours(model, batch), exact)
    told = f"from float32 {found:.2%}, the plain way {usual:.2%} (limit 1.5 times that)"
    require(found <= 1.5 * usual, told)
    return told


def distance(one: Gradients, other: Gradients) -> float:
    """The relative difference of all gradients together."""
    apart = sum((one[n] - other[n]).square().sum() for n in other)
    return (apart / sum(g.square().sum() for g in other.values())).sqrt().item()


def gradients_on_a_four_bit_base(machine: Machine) -> str:
    """LoRA layers on NF4 weights, which are unpacked again going back, against PEFT's."""
    from peftline.speed import low_rank

    batch, model = batch_of(machine), with_lora(quantised(machine))
    most = FLOAT32 if machine.device.type == "cpu" else 0.05  # the base is in bfloat16 there
    with kept(model):
        expected = plain(model, batch)
        with low_rank.fused(model, lambda: model(batch["input_ids"][:1, :2])) as layers:
            require(layers == 7 * machine.shape["num_hidden_layers"], f"{layers} layers are fused")
            found = distance(ours(model, batch), expected)
    told = f"gradients differ by {found:.1e} (limit {most:.1e})"
    require(found <= most, told)
    return told


def quantised(machine: Machine) -> Any:
    """The model with its linear layers in NF4, frozen; in float32 on a CPU, so that it compares."""
    if importlib.util.find_spec("bitsandbytes") is None:
        raise Skipped("no bitsandbytes")
    from peftline import quantization

    on_cpu = machine.device.type == "cpu"
    dtype = torch.float32 if on_cpu else torch.bfloat16
    model = _loaded(machine, dtype, quantization.loading_config(quantization.NF4(), dtype))
    return quantization.prepare(quantization.NF4(), model)


def _loaded(machine: Machine, dtype: torch.dtype, config: Any = None) -> Any:
    """The model from files, as a run opens it."""
    from transformers import AutoModelForCausalLM

    folder = machine.folder / "model"
    if not folder.exists():
        llama(machine, torch.bfloat16).save_pretrained(folder)
    where = {"device_map": {"": machine.device}} if config else {}
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=dtype, quantization_config=config, local_files_only=True, **where
    )
    return model if config else model.to(machine.device).eval()


def gradients_of_a_compiled_model(machine: Machine) -> str:
    """`training.speed.compile`."""
    need_cuda(machine)
    from peftline.speed import Speed, applied

    batch = batch_of(machine)
    exact = plain(with_lora(llama(machine)), batch)
    model = with_lora(llama(machine, torch.bfloat16))
    with kept(model):
        usual = distance(plain(model, batch), exact)
        with applied(Speed(compile=True), model, machine.row_tokens):
            found = distance(ours(model, batch), exact)
    told = f"from float32 {found:.2%}, the plain way {usual:.2%} (limit 1.5 times that)"
    require(found <= 1.5 * usual, told)
    return told


def steps_of_eight_bit_optimizers(machine: Machine) -> str:
    """The states of `adamw_8bit` and `paged_adamw_8bit` take a byte each, and their steps train."""
    need_cuda(machine)
    if importlib.util.find_spec("bitsandbytes") is None:
        raise Skipped("no bitsandbytes")
    from bitsandbytes import optim

    found = []
    for kind in (optim.AdamW8bit, optim.PagedAdamW8bit):
        weight = torch.nn.Parameter(torch.ones(4096, 64, device=machine.device))
        optimizer = kind([weight], lr=0.1)
        for _ in range(3):
            weight.square().mean().backward()
            optimizer.step()
            optimizer.zero_grad()
        states = [v for v in optimizer.state[weight].values() if isinstance(v, torch.Tensor)]
        per_weight = sum(v.nbytes for v in states if v.numel() >= 4096) / weight.numel()
        require(weight.mean().item() < 0.9, f"{kind.__name__} has not moved the weights")
        require(per_weight < 2.2, f"{kind.__name__} keeps {per_weight:.2f} bytes for each weight")
        found.append(f"{kind.__name__} {per_weight:.2f} bytes")
    return ", ".join(found)


# Answers and merging


def answers_of_a_batch(machine: Machine) -> str:
    """Greedy answers in one batch, in float32, against `generate` prompt by prompt."""
    from peftline.evaluation.generation import generate

    model, new_tokens = with_lora(llama(machine)), 16
    batch = batch_of(machine)
    lengths = batch["attention_mask"].sum(1).tolist()
    prompts = [row[:n].tolist() for row, n in zip(batch["input_ids"], lengths, strict=True)]
    model.generation_config.eos_token_id = None
    base = model.get_base_model()
    base.generation_config.eos_token_id = None
    said = generate(base, Numbers(), prompts, new_tokens, 10**6)
    same = 0
    for prompt, answer in zip(prompts, said, strict=True):
        ids = torch.tensor([prompt], device=machine.device)
        made = base.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=new_tokens,
            do_sample=False,
            pad_token_id=0,
        )
        same += " ".join(map(str, made[0, len(prompt) :].tolist())) == answer.text
    told = f"{same} of {len(prompts)} answers are those of `generate`"
    require(same >= 0.9 * len(prompts), told)  # near ties may go the other way
    return told


class Numbers:
    """A tokenizer whose texts are the numbers of the tokens."""

    pad_token_id = 0

    def batch_decode(self, rows: list[list[int]], skip_special_tokens: bool) -> list[str]:
        """One text a row."""
        return [" ".join(map(str, row)) for row in rows]


def merging(machine: Machine) -> str:
    """The merged model gives the adapter's logits, in float32."""
    from peftline.delivery.layer_by_layer import merge_in_place

    model, batch = with_lora(llama(machine)), batch_of(machine)
    ids = batch["input_ids"][-1:]
    with torch.inference_mode():
        before = model(ids).logits
    merged = merge_in_place(model)
    with torch.inference_mode():
        after = merged(ids).logits
    found = (after - before).abs().max().item()
    told = f"logits of up to {before.abs().max().item():.1f} differ by {found:.1e} (limit 1e-3)"
    require(found <= 1e-3, told)
    return told


# Speed


def speed_beside_trl(machine: Machine) -> str:
    """LoRA on a bfloat16 base: tokens a second of this project's trainer and of TRL's as it comes.

    Both see the same rows in the same order; that they learn the same is required, speed is not.
    """
    from datasets import Dataset
    from trl import SFTTrainer

    from peftline.objectives.collate import PadRight
    from peftline.objectives.sft import SupervisedTokensTrainer, TokensPerRow
    from peftline.speed import Speed, applied

    batch = batch_of(machine)
    lengths = batch["attention_mask"].sum(1).tolist()
    rows = [
        {name: batch[name][at, :length].tolist() for name in ("input_ids", "labels")}
        for at, length in enumerate(lengths)
    ] * machine.steps
    supervised = sum(label != IGNORED for row in rows for label in row["labels"][1:]) / len(rows)
    told = {}
    for name in ("TRL", "peftline"):
        model = with_lora(_loaded(machine, torch.bfloat16))
        clock = _clock()
        common = {"model": model, "train_dataset": Dataset.from_list(rows)}
        common |= {"callbacks": [clock], "processing_class": _tokenizer(machine)}
        common |= {"data_collator": PadRight(0)}
        if name == "TRL":
            trainer = SFTTrainer(**common, args=_arguments(machine, len(lengths), bf16=True))
            trainer.train()
        else:  # which sets up autocast itself
            args = _arguments(machine, len(lengths), bf16=False)
            per_row = TokensPerRow(supervised, supervised)
            trainer = SupervisedTokensTrainer(**common, args=args, tokens_per_row=per_row)
            with kept(model), applied(Speed(), model, machine.row_tokens):
                trainer.train()
        logged = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        told[name] = sum(lengths) * (machine.steps - 1) / clock.seconds(machine), logged
        del model, trainer, common
        clear(machine)
    (theirs, their_losses), (mine, losses) = told["TRL"], told["peftline"]
    apart = max(abs(a / b - 1) for a, b in zip(losses, their_losses, strict=True))
    figures = (
        f"{mine:.0f} tokens/s, TRL {theirs:.0f}: {mine / theirs:.2f} times; "
        f"losses differ by {apart:.2%} at most (limit 2 %)"
    )
    require(apart <= 0.02, figures)
    return figures


def _arguments(machine: Machine, rows: int, bf16: bool) -> Any:
    from trl import SFTConfig

    return SFTConfig(
        output_dir=str(machine.folder / "trainer"),
        per_device_train_batch_size=rows,
        max_steps=machine.steps,
        learning_rate=1e-4,
        logging_steps=1,
        train_sampling_strategy="sequential",
        gradient_checkpointing=False,
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        dataloader_pin_memory=machine.device.type == "cuda",
        bf16=bf16,
        use_cpu=machine.device.type == "cpu",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


def _clock() -> Any:
    from transformers import TrainerCallback

    class Clock(TrainerCallback):
        """The time of each step's end; the first, in which kernels are made, does not count."""

        def __init__(self) -> None:
            self.ends: list[float] = []

        def on_step_end(self, *_: Any, **__: Any) -> None:
            """Called by the trainer."""
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self.ends.append(time.perf_counter())

        def seconds(self, machine: Machine) -> float:
            """From the end of the first step to that of the last."""
            return self.ends[-1] - self.ends[0]

    return Clock()


def _tokenizer(machine: Machine) -> Any:
    from peftline.base_model import tiny

    return tiny.load()[1]


# Memory


def peak_of(stage: str) -> Callable[[Machine], str]:
    """The check of one stage of `stages.py`; the first that runs trains what the others read."""

    def check(machine: Machine) -> str:
        sys.path.insert(0, str(Path(__file__).parent))
        try:
            import stages

            folder = machine.folder / "stages"
            source = _base_for_stages(machine, folder)
            if not (folder / "adapter").exists() and stage != "training":
                stages.measure("training", folder, source, "bfloat16")
            clear(machine)
            found = stages.measure(stage, folder, source, "bfloat16")
        except ModuleNotFoundError as error:
            raise Skipped(f"no package {error.name}") from error
        finally:
            sys.path.pop(0)
        peak, file = found["peak_bytes"], found["file_bytes"]
        most = MOST_OF_THE_FILE * file + MOST_BESIDE
        told = f"{peak / 1e9:.2f} GB, file {file / 1e9:.2f} GB (limit {most / 1e9:.2f} GB)"
        require(peak <= most, told)
        return told

    check.__name__ = f"peak_of_{stage}"
    check.__doc__ = f"Peak memory of the stage '{stage}', less that before it."
    return check


def _base_for_stages(machine: Machine, folder: Path) -> str:
    """The model with a tokenizer that its vocabulary holds."""
    source = folder / "source"
    if not source.exists():
        model = llama(machine, torch.bfloat16, max_position_embeddings=4096)
        tokenizer = _tokenizer(machine)
        model.generation_config.eos_token_id = tokenizer.eos_token_id
        model.save_pretrained(source)
        tokenizer.save_pretrained(source)
    return str(source)


STAGES = ("training", "base", "adapter", "quantized", "forgetting", "latency", "merge")

CHECKS: list[Callable[[Machine], str]] = [
    gradients_of_the_frozen_head,
    gradients_of_capped_logits,
    gradients_of_a_router,
    gradients_of_packed_rows,
    gradients_of_lora_layers,
    gradients_of_norms,
    gradients_of_micro_batches,
    gradients_in_sixteen_bits,
    gradients_on_a_four_bit_base,
    gradients_of_a_compiled_model,
    steps_of_eight_bit_optimizers,
    answers_of_a_batch,
    merging,
    speed_beside_trl,
    *(peak_of(stage) for stage in STAGES),
]


def clear(machine: Machine) -> None:
    """Give back the memory of what is no longer used."""
    gc.collect()
    if machine.device.type == "cuda":
        torch.cuda.empty_cache()


def run(checks: list[Callable[[Machine], str]], machine: Machine) -> int:
    """Run checks one after the other, print their outcomes and a last line; return the exit code.

    An error that a check does not expect is a fault too.
    """
    counts, reasons = {"passed": 0, "failed": 0, "skipped": 0}, []
    for check in checks:
        begin = time.perf_counter()
        try:
            with contextlib.redirect_stdout(sys.stderr):  # what trainers print
                outcome, told = "passed", check(machine)
        except Skipped as reason:
            outcome, told = "skipped", str(reason)
            reasons.append(told)
        except Failed as fault:
            outcome, told = "failed", str(fault)
        except Exception as error:  # one check's error must not hide the others' results
            traceback.print_exc()
            outcome, told = "failed", f"{type(error).__name__}: {error}"
        counts[outcome] += 1
        seconds = time.perf_counter() - begin
        print(f"{outcome:<8}{check.__name__}: {told} ({seconds:.1f} s)", flush=True)
        clear(machine)
    parts = [f"{len(checks)} checks", *(f"{n} {name}" for name, n in counts.items() if n)]
    why = f": {'; '.join(dict.fromkeys(reasons))}" if reasons else ""
    print(", ".join(parts) + why)
    return 1 if counts["failed"] else 0


def main() -> int:
    """Choose device, size and checks."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    has_cuda = torch.cuda.is_available()
    parser.add_argument("--device", default="cuda" if has_cuda else "cpu", choices=["cuda", "cpu"])
    parser.add_argument("--size", choices=list(SIZES), help="default: 1b on a GPU, tiny on a CPU")
    parser.add_argument("--rows", type=int, default=8, help="of a step")
    parser.add_argument("--row-tokens", type=int, help="of the longest; default: 512, tiny 48")
    parser.add_argument("--steps", type=int, help="of timed trainings; default: 20, tiny 4")
    parser.add_argument("--only", default="", help="checks whose names hold this")
    given = parser.parse_args()
    if given.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    size = given.size or ("1b" if given.device == "cuda" else "tiny")
    checks = [check for check in CHECKS if given.only in check.__name__]
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(
            device=torch.device(given.device),
            shape=SIZES[size],
            rows=given.rows,
            row_tokens=given.row_tokens or (48 if size == "tiny" else 512),
            steps=given.steps or (4 if size == "tiny" else 20),
            folder=Path(folder),
        )
        name = torch.cuda.get_device_name() if given.device == "cuda" else "CPU"
        print(f"{name}, torch {torch.__version__}, model {size}", flush=True)
        return run(checks, machine)


if __name__ == "__main__":
    sys.exit(main())
