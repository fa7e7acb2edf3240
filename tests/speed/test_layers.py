"""What takes a layer's place goes again, and what took it before comes back."""

import torch

from peftline.speed.layers import replaced


def test_a_replacement_within_another_leaves_the_outer_one_in_place():
    layer, one = torch.nn.Linear(2, 2), torch.ones(1, 2)
    usual = layer(one)
    with replaced([layer], lambda _: lambda x: x + 1):
        with replaced([layer], lambda outer: lambda x, inner=outer.forward: inner(x) * 10):
            assert layer(one).tolist() == [[20, 20]]
        assert layer(one).tolist() == [[2, 2]]
    assert torch.equal(layer(one), usual)
    assert "forward" not in vars(layer)
