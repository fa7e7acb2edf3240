import pytest
import torch
from torch.nn.functional import cross_entropy

from peftline.speed.head import FrozenHeadLoss


def head_of(vocabulary, scale):
    torch.manual_seed(0)
    head = torch.nn.Linear(8, vocabulary, bias=False)
    head.weight.data.mul_(scale)
    return head.requires_grad_(False)


@pytest.mark.parametrize("tokens", [1, 63, 700])  # of 700 a second chunk
def test_loss_and_gradient_are_those_of_the_plain_way(tokens):
    head, states = head_of(50, 3.0), torch.randn(tokens, 8, requires_grad=True)
    targets = torch.randint(0, 50, (tokens,))
    loss = FrozenHeadLoss.apply(states, targets, head)
    plain = cross_entropy(head(states), targets, reduction="sum")
    torch.testing.assert_close(loss, plain, rtol=1e-5, atol=0)
    ours, theirs = (torch.autograd.grad(one, states)[0] for one in (loss, plain))
    assert (ours - theirs).norm() <= 1e-5 * theirs.norm()


def test_the_loss_of_a_token_that_is_all_but_impossible_is_finite_and_exact():
    head, states = head_of(50, 2000.0), torch.randn(20, 8, requires_grad=True)
    targets = head(states).argmin(1)
    plain = cross_entropy(head(states), targets, reduction="sum")
    assert plain / 20 > 200  # exp(-200) is zero in float32
    loss = FrozenHeadLoss.apply(states, targets, head)
    torch.testing.assert_close(loss, plain, rtol=1e-5, atol=0)
    ours, theirs = (torch.autograd.grad(one, states)[0] for one in (loss, plain))
    assert (ours - theirs).norm() <= 1e-5 * theirs.norm()
