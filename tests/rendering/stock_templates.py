"""Chat templates of well-known models, written from their published formats, with tokenizers.

Each has what makes it hard: default system messages, trimmed turns, refusals, thoughts that are
left out later, tokens that swallow whitespace, tools.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

ZERO_WIDTH_SPACE = "\u200b"
SENTENCES = [
    "The quick brown fox jumps over the lazy dog.\n\nWhat is two and two?\n\n\nFour, of course.",
    "Répondez s'il vous plaît: où est la gare? 日本語も話します。 Спасибо! 👩‍👩‍👧‍👦",
    "assistant\n\nuser\n\nsystem\n\n\n  def answer(x):\n        return x + 1\n\n",
    '{"name": "get_weather", "arguments": {"city": "Paris"}}\n\n\n\n',
] * 20


def as_it_is(content: str, last: bool) -> str:
    """What a template shows of an answer that it leaves alone."""
    return content


def trimmed(content: str, last: bool) -> str:
    """What a template shows that trims."""
    return content.strip()


def after_space(content: str, last: bool) -> str:
    """What Mistral's shows."""
    return f" {content}"


def with_thought(content: str, last: bool) -> str:
    """What Qwen3's shows: thoughts, and empty ones, in the last answer only."""
    thought = ""
    if "</think>" in content:
        thought = (
            content.split("</think>", maxsplit=1)[0].rstrip("\n").split("<think>")[-1].lstrip("\n")
        )
        content = content.rsplit("</think>", maxsplit=1)[-1].lstrip("\n")
    if not last:
        return content
    thought = thought.strip("\n")
    return f"<think>\n{thought}\n</think>\n\n{content.lstrip(chr(10))}"


@dataclass(frozen=True)
class Stock:
    """A format, and what is known of it."""

    source: str
    special: tuple[str, ...]
    eos: str
    end: str
    """Ends an answer."""
    header: str
    """Stands before an answer."""
    bos: str | None = None
    shown: Callable[[str, bool], str] = as_it_is
    system: bool = True
    tools: bool = False
    swallows: tuple[str, ...] = ()
    """Special tokens that take the whitespace after them."""
    plain: tuple[str, ...] = ()
    """Tokens of their own that are not special."""
    tokenizer_adds_bos: bool = False

    def neutral(self, text: str) -> str:
        """The text with every special token split."""
        for token in sorted(self.special, key=len, reverse=True):
            text = text.replace(token, token[0] + ZERO_WIDTH_SPACE + token[1:])
        return text


_ALTERNATE = (
    "{% set ns = namespace(asked=true) %}"
    "{% for m in turns %}{% if m.role != 'tool' and not m.tool_calls %}"
    "{% if (m.role == 'user') != ns.asked %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant') }}{% endif %}"
    "{% set ns.asked = not ns.asked %}{% endif %}{% endfor %}"
)
_SYSTEM_APART = (
    "{% set system = messages[0].content if messages[0].role == 'system' else '' %}"
    "{% set turns = messages[1:] if system else messages %}"
)
CHATML = (
    r"{% if messages[0].role != 'system' %}{{ '<|im_start|>system\nYou help.<|im_end|>\n' }}"
    r"{% endif %}{% for m in messages %}"
    r"{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
    r"{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA_3 = (
    "{{ bos_token }}" + _SYSTEM_APART + "{% if system or tools %}"
    r"{{ '<|start_header_id|>system<|end_header_id|>\n\n' + system | trim }}"
    r"{% if tools %}{{ '\nFunctions:\n' }}{% for t in tools %}{{ t | tojson + '\n' }}{% endfor %}"
    "{% endif %}{{ '<|eot_id|>' }}{% endif %}"
    "{% for m in turns %}{% if m.tool_calls %}{% if m.tool_calls | length != 1 %}"
    "{{ raise_exception('This model only supports single tool-calls at once!') }}{% endif %}"
    "{% set call = m.tool_calls[0].function %}"
    r"{{ '<|start_header_id|>assistant<|end_header_id|>\n\n{"
    + '"name": "'
    + "' + call.name + '"
    + '", "parameters": '
    + "' + call.arguments | tojson + '}<|eot_id|>' }}"
    "{% elif m.role == 'tool' %}"
    r"{{ '<|start_header_id|>ipython<|end_header_id|>\n\n' + m.content | tojson + '<|eot_id|>' }}"
    "{% else %}"
    r"{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + m.content | trim }}"
    "{{ '<|eot_id|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}"
    r"{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
# The first instruction models put the system message into the first request.
MISTRAL = (
    _SYSTEM_APART + _ALTERNATE + "{{ bos_token }}{% for m in turns %}"
    r"{% if m.role == 'user' %}{{ '[INST] ' }}{% if loop.first and system %}{{ system + '\n\n' }}"
    "{% endif %}{{ m.content + ' [/INST]' }}"
    "{% else %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}"
)
# From the third on it stands in the last request, and so do tools: earlier turns are rewritten.
MISTRAL_3 = (
    _SYSTEM_APART + _ALTERNATE + "{% set ns.last = 0 %}"
    "{% for m in turns %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}"
    "{% endfor %}{{ bos_token }}{% for m in turns %}{% if m.role == 'user' %}"
    "{% if tools and loop.index0 == ns.last %}"
    "{{ '[AVAILABLE_TOOLS] ' + tools | tojson + '[/AVAILABLE_TOOLS]' }}{% endif %}"
    r"{{ '[INST] ' }}{% if system and loop.index0 == ns.last %}{{ system + '\n\n' }}{% endif %}"
    "{{ m.content + '[/INST]' }}"
    "{% elif m.tool_calls %}{{ '[TOOL_CALLS] [' }}{% for c in m.tool_calls %}"
    "{% if c.id | length != 9 %}{{ raise_exception('IDs have nine characters') }}{% endif %}"
    "{{ {'name': c.function.name, 'arguments': c.function.arguments, 'id': c.id} | tojson }}"
    "{{ '' if loop.last else ', ' }}{% endfor %}{{ ']' + eos_token }}"
    "{% elif m.role == 'tool' %}"
    "{% if not m.tool_call_id is defined or m.tool_call_id | length != 9 %}"
    "{{ raise_exception('IDs have nine characters') }}{% endif %}"
    "{{ '[TOOL_RESULTS] ' + {'content': m.content, 'call_id': m.tool_call_id} | tojson }}"
    "{{ '[/TOOL_RESULTS]' }}"
    "{% else %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}"
)
GEMMA = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}"
    "{% endif %}{% set turns = messages %}" + _ALTERNATE + "{{ bos_token }}{% for m in turns %}"
    "{% set role = 'model' if m.role == 'assistant' else m.role %}"
    r"{{ '<start_of_turn>' + role + '\n' + m.content | trim + '<end_of_turn>\n' }}{% endfor %}"
    r"{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
QWEN_3 = (
    _SYSTEM_APART + "{% if system or tools %}" + r"{{ '<|im_start|>system\n' + system }}"
    r"{% if tools %}{{ '\n\n# Tools\n\n<tools>' }}{% for t in tools %}{{ '\n' + t | tojson }}"
    r"{% endfor %}{{ '\n</tools>' }}{% endif %}{{ '<|im_end|>\n' }}{% endif %}"
    "{% set ns = namespace(last=0) %}"
    "{% for m in turns %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}"
    "{% endfor %}{% for m in turns %}{% if m.role == 'user' %}"
    r"{{ '<|im_start|>user\n' + m.content + '<|im_end|>\n' }}"
    "{% elif m.role == 'assistant' %}{% set content = m.content %}{% set thought = '' %}"
    "{% if '</think>' in content %}"
    r"{% set thought = content.split('</think>')[0].rstrip('\n').split('<think>')[-1] %}"
    r"{% set thought = thought.strip('\n') %}"
    r"{% set content = content.split('</think>')[-1].lstrip('\n') %}{% endif %}"
    r"{{ '<|im_start|>assistant\n' }}"
    "{% if loop.index0 > ns.last and (loop.last or thought) %}"
    r"{{ '<think>\n' + thought + '\n</think>\n\n' + content.lstrip('\n') }}"
    "{% else %}{{ content }}{% endif %}"
    r"{% for c in m.tool_calls or [] %}{{ '\n' if content or not loop.first else '' }}"
    r"{{ '<tool_call>\n' + {'name': c.function.name, 'arguments': c.function.arguments} | tojson }}"
    r"{{ '\n</tool_call>' }}{% endfor %}{{ '<|im_end|>\n' }}"
    r"{% elif m.role == 'tool' %}{{ '<|im_start|>user\n<tool_response>\n' + m.content }}"
    r"{{ '\n</tool_response><|im_end|>\n' }}{% endif %}{% endfor %}"
    r"{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
PHI_3 = (
    r"{% for m in messages %}{{ '<|' + m.role + '|>\n' + m.content + '<|end|>\n' }}{% endfor %}"
    r"{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}"
)
PHI_4 = (
    "{% for m in messages %}"
    "{{ '<|im_start|>' + m.role + '<|im_sep|>' + m.content + '<|im_end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif %}"
)

_IM = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
_MISTRAL = ("[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[INST]", "[/INST]", "[TOOL_CALLS]")
_MISTRAL += ("[TOOL_RESULTS]", "[/TOOL_RESULTS]")
_PHI_ROLES = ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>")

STOCK = {
    "chatml": Stock(CHATML, _IM, "<|im_end|>", "<|im_end|>", "<|im_start|>assistant\n"),
    "llama-3": Stock(
        LLAMA_3,
        ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
        eos="<|eot_id|>",
        end="<|eot_id|>",
        header="<|start_header_id|>assistant<|end_header_id|>\n\n",
        bos="<|begin_of_text|>",
        shown=trimmed,
        tools=True,
        tokenizer_adds_bos=True,
    ),
    "mistral": Stock(
        MISTRAL, ("<s>", "</s>"), "</s>", "</s>", "[/INST]", bos="<s>", shown=after_space
    ),
    "mistral-3": Stock(
        MISTRAL_3,
        ("<s>", "</s>", *_MISTRAL),
        eos="</s>",
        end="</s>",
        header="[/INST]",
        bos="<s>",
        shown=after_space,
        tools=True,
        tokenizer_adds_bos=True,
    ),
    "gemma": Stock(
        GEMMA,
        ("<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"),
        eos="<eos>",
        end="<end_of_turn>",
        header="<start_of_turn>model\n",
        bos="<bos>",
        shown=trimmed,
        system=False,
        tokenizer_adds_bos=True,
    ),
    "qwen-3": Stock(
        QWEN_3,
        _IM,
        eos="<|im_end|>",
        end="<|im_end|>",
        header="<|im_start|>assistant\n",
        shown=with_thought,
        tools=True,
        plain=("<think>", "</think>", "<tool_call>", "</tool_call>"),
    ),
    "phi-3": Stock(
        PHI_3,
        ("<|endoftext|>", *_PHI_ROLES),
        eos="<|endoftext|>",
        end="<|end|>",
        header="<|assistant|>",
        swallows=_PHI_ROLES,
    ),
    "phi-4": Stock(
        PHI_4,
        (*_IM, "<|im_sep|>"),
        eos="<|im_end|>",
        end="<|im_end|>",
        header="<|im_start|>assistant<|im_sep|>",
    ),
}


@functools.cache
def _core() -> str:
    """A byte-level BPE that has learnt words and runs of line ends."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    core.train_from_iterator(SENTENCES, trainer)
    return core.to_str()


def tokenizer_of(stock: Stock) -> PreTrainedTokenizerFast:
    """A tokenizer with the special tokens of a format; it pads with its end of sequence."""
    core = Tokenizer.from_str(_core())
    core.add_special_tokens(
        [AddedToken(t, special=True, rstrip=t in stock.swallows) for t in stock.special]
    )
    core.add_tokens([AddedToken(t, special=False) for t in stock.plain])
    if stock.tokenizer_adds_bos:
        add_bos_to_every_text(core, stock.bos)
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token=stock.bos,
        eos_token=stock.eos,
        pad_token=stock.eos,
        chat_template=stock.source,
        clean_up_tokenization_spaces=False,
    )


def add_bos_to_every_text(core: Tokenizer, bos: str) -> None:
    """Make a tokenizer put its beginning-of-sequence token first."""
    core.post_processor = TemplateProcessing(
        single=f"{bos} $A", special_tokens=[(bos, core.token_to_id(bos))]
    )
