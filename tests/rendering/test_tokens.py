import pytest
from tokenizers import AddedToken, pre_tokenizers
from tokenizers.processors import TemplateProcessing

from peftline.rendering.tokens import can_be_cut, end_of_turn_id, leading_bos, special_tokens

TURNS = "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}END{% endfor %}"


def special(tokenizer, *tokens):
    tokenizer.add_tokens([AddedToken(token, special=True) for token in tokens], special_tokens=True)
    return tokenizer


def test_the_end_of_a_turn_is_the_first_special_token_after_the_content(own_tokenizer):
    special(own_tokenizer, "<|im_end|>", "<|next|>")
    own_tokenizer.chat_template = TURNS.replace("END", "\n<|im_end|>\n<|next|>")
    end = own_tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert end_of_turn_id(own_tokenizer) == end != own_tokenizer.eos_token_id


@pytest.mark.parametrize("template", [None, TURNS.replace("END", "\n")])
def test_without_a_special_token_a_turn_ends_with_the_sequence(own_tokenizer, template):
    own_tokenizer.chat_template = template
    assert end_of_turn_id(own_tokenizer) == own_tokenizer.eos_token_id


def test_a_template_may_end_turns_with_the_end_of_the_sequence(own_tokenizer):
    own_tokenizer.chat_template = TURNS.replace("END", "{{ eos_token }}")
    assert end_of_turn_id(own_tokenizer) == own_tokenizer.eos_token_id


def test_a_tokenizer_that_adds_no_bos_expects_none(own_tokenizer):
    assert leading_bos(own_tokenizer) == []
    special(own_tokenizer, "<|bos|>")
    own_tokenizer.bos_token = "<|bos|>"
    assert leading_bos(own_tokenizer) == []


def test_a_tokenizer_that_adds_a_bos_expects_it(own_tokenizer):
    special(own_tokenizer, "<|bos|>")
    own_tokenizer.bos_token = "<|bos|>"
    bos = own_tokenizer.bos_token_id
    own_tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|bos|> $A", special_tokens=[("<|bos|>", bos)]
    )
    assert leading_bos(own_tokenizer) == [bos]


def test_a_template_that_refuses_the_question_ends_with_the_sequence(own_tokenizer):
    own_tokenizer.chat_template = "{{ raise_exception('no') }}"
    assert end_of_turn_id(own_tokenizer) == own_tokenizer.eos_token_id


def test_a_tokenizer_that_puts_a_space_before_every_part_cannot_be_cut(own_tokenizer):
    assert can_be_cut(own_tokenizer)
    core = own_tokenizer.backend_tokenizer
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=False)
    assert not can_be_cut(own_tokenizer)


def test_special_tokens_are_those_that_are_marked_so_and_those_that_have_a_part(own_tokenizer):
    special(own_tokenizer, "<|mark|>")
    own_tokenizer.add_tokens(["<plain>"])
    assert special_tokens(own_tokenizer) == {"<|end|>", "<|start|>", "<|mark|>"}
