"""An explanation of any torch module: what runs is recorded, and agrees with torch."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import pellucid
from pellucid.errors import UsageError
from pellucid.explanation.result import Explanation


def seeded(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def small() -> nn.Sequential:
    """2 inputs, 2 hidden neurons, 1 output, with weights that a person can follow."""
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[1.0, 2.0], [-1.0, 1.0]]))
        net[0].bias.copy_(torch.tensor([0.5, 0.0]))
        net[2].weight.copy_(torch.tensor([[3.0, 10.0]]))
        net[2].bias.copy_(torch.tensor([-1.0]))
    return net


class Mixed(nn.Module):
    """Every sort of layer, functions without a module, a loop, a branch and changes in place."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.convolution = nn.Conv2d(1, 2, 3, padding=1)
        self.norm = nn.BatchNorm2d(2)
        self.lstm = nn.LSTM(8, 4, batch_first=True)
        self.attention = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
        self.last = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu_(self.norm(self.convolution(x))).float()
        h = torch.nn.functional.max_pool2d(h, 2)
        h = h.flatten(2).transpose(1, 2).reshape(1, -1, 8)
        h, _ = self.lstm(h)
        h = self.attention(h)[:, -1]
        for _ in range(2):
            h = h * 0.5 + torch.ones(4)
        if h.mean() > 1e9:
            h = h * 2
        return self.last(h)


def operations(found: Explanation) -> list[str]:
    return [operation.operation for operation in found.operations]


def test_every_operation_is_recorded_in_order_also_those_that_no_module_stands_for() -> None:
    found = pellucid.explain(Mixed().eval(), seeded((1, 1, 8, 8)))
    names = operations(found)
    wanted = ["conv2d", "batch_norm", "relu", "max_pool2d", "lstm", "linear"]
    assert [name for name in names if name in wanted][:4] == wanted[:4]
    assert {"lstm", "multi_head_attention_forward", "__bool__", "ones"} <= set(names)
    assert names.count("mul") == 2  # the loop ran twice, the branch was not taken
    assert names[-1] == "linear"
    places = {operation.operation: operation.module for operation in found.operations}
    assert places["conv2d"] == "convolution" and places["lstm"] == "lstm"


def test_the_values_are_those_of_the_module_itself() -> None:
    module, x = Mixed().eval(), seeded((1, 1, 8, 8))
    found = pellucid.explain(module, x)
    with torch.no_grad():
        own = module(x)
    assert list(found.operations[-1].values) == pytest.approx(own.flatten().tolist(), abs=1e-5)
    assert found.differences["float32"] < 1e-5


def test_what_is_changed_in_place_afterwards_is_told_as_it_was() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(inplace=True))
    net.load_state_dict({k: v for k, v in small().state_dict().items() if k[0] == "0"})
    found = pellucid.explain(net, torch.tensor([[2.0, 1.0]]))
    assert list(found.operations[0].values) == [4.5, -1.0]
    assert list(found.operations[1].values) == [4.5, 0.0]


def test_a_weighted_sum_is_written_term_by_term_the_largest_first() -> None:
    net = nn.Linear(12, 1)
    with torch.no_grad():
        net.weight.copy_(torch.arange(1.0, 13.0).reshape(1, 12))
        net.bias.fill_(0.25)
    found = pellucid.explain(net, torch.ones(1, 12))
    summed = found.step.find("Weighted sum")
    assert summed.result == 78.25
    assert summed.given["rest"] == 1 + 2 + 3 + 4
    assert "12·1 + 11·1 + 10·1" in found.text(width=100)
    assert "the sum of the 4 smaller ones" in " ".join(found.text(width=100).split())


def test_the_gradient_of_a_weight_is_what_a_hand_computes() -> None:
    """x = (2, 1): z = (4.5, -1), a = (4.5, 0), y = 12.5; t = 10, so L = 6.25, dL/dy = 5."""
    found = pellucid.explain(
        small(),
        torch.tensor([[2.0, 1.0]]),
        torch.tensor([[10.0]]),
        weight="0.weight[0,1]",
        rate=0.1,
    )
    loss = found.step.find("The loss of this example")
    assert loss.result == 6.25
    by_paths = found.step.find("The gradient of 0.weight[0,1] by its paths")
    assert by_paths.result == 5 * 3 * 1
    assert [layer.result for layer in by_paths.steps] == [15.0] * len(by_paths.steps)
    assert len(by_paths.steps) == 4  # linear, relu, linear, the loss
    update = found.step.find("One step of AdamW on 0.weight[0,1]")
    assert update.result == pytest.approx(2 - 0.1 * 0.01 * 2 - 0.1, abs=1e-8)


def test_a_step_agrees_with_autograd_and_the_optimizer_of_torch() -> None:
    module = Mixed().eval()
    x, target = seeded((1, 1, 8, 8)), torch.tensor([2])
    found = pellucid.explain(module, x, target, rate=0.01, decay=0.1, weight="last.weight[0,1]")
    twin = Mixed().double().eval()
    optimizer = torch.optim.AdamW(twin.parameters(), lr=0.01, weight_decay=0.1)

    def loss() -> Tensor:
        return nn.functional.cross_entropy(_in_doubles(twin, x.double()), target)

    before = loss()
    before.backward()
    gradient = float(twin.last.weight.grad[0, 1])
    optimizer.step()
    after = loss().item()
    steps = found.step
    assert steps.find("The loss of this example").result == pytest.approx(before.item(), abs=1e-9)
    by_paths = steps.find("The gradient of last.weight[0,1] by its paths")
    assert by_paths.result == pytest.approx(gradient, abs=1e-9)
    moved = steps.find("One step of AdamW on last.weight[0,1]").result
    assert moved == pytest.approx(float(twin.last.weight[0, 1].detach()), abs=1e-12)
    assert steps.find("The loss after the step").given["L_after"] == pytest.approx(after, abs=1e-9)
    assert found.differences["torch.optim.AdamW"] < 1e-12
    assert found.differences["autograd"] < 1e-12


def _in_doubles(module: Mixed, x: Tensor) -> Tensor:
    """Mixed.forward without its cast to float."""
    h = torch.relu(module.norm(module.convolution(x)))
    h = torch.nn.functional.max_pool2d(h, 2).flatten(2).transpose(1, 2).reshape(1, -1, 8)
    h = module.attention(module.lstm(h)[0])[:, -1]
    for _ in range(2):
        h = h * 0.5 + 1
    return module.last(h)


def test_paths_through_branches_add_up_to_the_gradient() -> None:
    class Branches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.left, self.right = (nn.Linear(3, 3) for _ in range(3))

        def forward(self, x: Tensor) -> Tensor:
            h = self.first(x)
            return (self.left(h).tanh() + self.right(h).sigmoid() + h).sum(1, keepdim=True)

    torch.manual_seed(0)
    found = pellucid.explain(
        Branches(), seeded((4, 3)), seeded((4, 1), 1), weight="first.weight[1,2]"
    )
    by_paths = found.step.find("The gradient of first.weight[1,2] by its paths")
    through = {layer.rule: layer for layer in by_paths.steps}
    assert through["Layer first"].result == pytest.approx(by_paths.result)
    assert through["Layer left"].result != pytest.approx(by_paths.result, rel=1e-3)
    text = " ".join(found.text().split())
    assert "Other paths go around" in text


def test_without_a_weight_the_one_with_the_largest_gradient_is_followed() -> None:
    found = pellucid.explain(small(), torch.tensor([[2.0, 1.0]]), torch.tensor([[10.0]]))
    assert found.step.find("The gradient of 0.weight[0,0] by its paths").result == 30.0


def test_without_a_target_there_is_no_loss_and_it_is_said() -> None:
    found = pellucid.explain(small(), torch.tensor([[2.0, 1.0]]))
    assert found.step.find("No loss").reason.startswith("No target was given")


def test_an_operation_without_a_lesson_is_shown_with_shape_and_values() -> None:
    class Odd(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.linalg.vector_norm(x.cumsum(1), dim=1)

    found = pellucid.explain(Odd(), torch.tensor([[3.0, 1.0]]))
    assert operations(found) == ["cumsum", "linalg_vector_norm"]
    assert list(found.operations[1].values) == [5.0]
    assert "3 to 4" in found.text()


def test_the_user_s_module_is_left_as_it_was() -> None:
    module = Mixed().train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    pellucid.explain(module, seeded((1, 1, 8, 8)), torch.tensor([1]))
    assert module.training and next(module.parameters()).dtype == torch.float32
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert not module._forward_hooks and not module.lstm._forward_pre_hooks


def test_an_explanation_is_read_back_with_its_full_trace() -> None:
    found = pellucid.explain(Mixed().eval(), seeded((1, 1, 8, 8)), torch.tensor([0]))
    again = Explanation.from_json(found.json())
    assert again == found
    assert len(again.operations[0].values) == 2 * 8 * 8
    inputs = found.operations[1].inputs
    assert {"operation": 1} in inputs and {"weight": "norm.running_mean"} in inputs


def test_infinite_and_missing_numbers_survive_the_trace() -> None:
    class Edges(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.log(x)

    found = Explanation.from_json(pellucid.explain(Edges(), torch.tensor([0.0, -1.0, 1.0])).json())
    low, missing, zero = found.operations[0].values
    assert low == -math.inf and math.isnan(missing) and zero == 0


@pytest.mark.parametrize("form", ["text", "markdown", "latex", "html"])
def test_an_explanation_is_printed_in_every_form(form: str) -> None:
    found = pellucid.explain(small(), torch.tensor([[2.0, 1.0]]), torch.tensor([[10.0]]))
    assert "12.5" in getattr(found, form)()
    assert "<math" in found._repr_html_()


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"module": "net"}, "explain takes a torch.nn.Module"),
        ({"weight": "0.wieght[0,0]"}, "Did you mean '0.weight'"),
        ({"weight": "0.weight[5,0]"}, "no place in it"),
        ({"weight": "0.weight[0]"}, "no place in it"),
        ({"weight": "0.weight[a]"}, "whole numbers with commas"),
        ({"inputs": torch.ones(1, 5)}, "does not accept these inputs"),
        ({"target": torch.ones(1, 7)}, "The usual loss does not fit"),
        ({"target": "ten"}, "The usual loss compares"),
        ({"rate": -1.0}, "rate must be"),
    ],
)
def test_a_request_that_cannot_be_met_is_told(request_: dict[str, Any], said: str) -> None:
    given = {
        "module": small(),
        "inputs": torch.tensor([[2.0, 1.0]]),
        "target": torch.tensor([[10.0]]),
        **request_,
    }
    with pytest.raises(UsageError, match=said):
        pellucid.explain(given.pop("module"), given.pop("inputs"), **given)


def test_a_weight_that_no_path_joins_to_the_loss_is_told() -> None:
    class Idle(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.idle = nn.Linear(2, 1), nn.Linear(2, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.used(x)

    with pytest.raises(UsageError, match=r"No path leads from 'idle.weight'.*used.weight"):
        pellucid.explain(Idle(), torch.ones(1, 2), torch.ones(1, 1), weight="idle.weight[0,1]")


def test_pooling_attention_and_an_lstm_are_worked_by_their_lessons() -> None:
    class Gathering(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.LSTM(8, 6, batch_first=True, bidirectional=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            pooled = nn.functional.avg_pool2d(nn.functional.max_pool2d(x, 2), (1, 2), (1, 1))
            small = nn.functional.adaptive_avg_pool2d(pooled, (5, 8)).squeeze(1)
            seen = nn.functional.scaled_dot_product_attention(small, small, small, is_causal=True)
            return self.cell(seen)[0]

    torch.manual_seed(0)
    found = pellucid.explain(Gathering(), torch.randn(2, 1, 20, 24))
    worked = {step.rule: step for step in found.step.walk()}
    by_name = {name: [s for s in worked if name in s] for name in ("pool", "attention", "lstm")}
    assert all(by_name.values())
    for rules in by_name.values():
        for rule in rules:
            assert worked[rule].steps, rule
    rules = [step.rule for step in found.step.walk()]
    assert {"The largest", "The mean", "And its answer"} <= set(rules)
    assert any(rule.startswith("The best score of query") for rule in rules)


class Tied(nn.Module):
    """One table for what comes in and what goes out, turned by a property."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(7, 4)

    def forward(self, index: torch.Tensor) -> dict[str, object]:
        """Scores in a dictionary, beside what is no tensor."""
        return {"scores": self.table(index).mean(1) @ self.table.weight.T, "rows": len(index)}


def cross_entropy_of(answer: dict[str, torch.Tensor], target: torch.Tensor) -> torch.Tensor:
    return nn.functional.cross_entropy(answer["scores"], target)


ODD: list[tuple[nn.Module, object, object, object]] = [
    (nn.MultiheadAttention(8, 2), (torch.rand(3, 1, 8),) * 3, None, None),
    (nn.LSTM(3, 5, 2, bidirectional=True), torch.rand(4, 2, 3), None, None),
    (nn.GRU(3, 5), torch.rand(4, 2, 3), None, None),
    (nn.TransformerEncoderLayer(8, 2, 16), torch.rand(5, 2, 8), torch.rand(5, 2, 8), None),
    (nn.TransformerDecoderLayer(8, 2, 16), (torch.rand(5, 2, 8),) * 2, torch.rand(5, 2, 8), None),
    (nn.BatchNorm2d(3), torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4), None),
    (nn.Bilinear(3, 4, 2), (torch.rand(2, 3), torch.rand(2, 4)), torch.tensor([0, 1]), None),
    (nn.EmbeddingBag(9, 4), torch.tensor([[1, 2], [3, 4]]), torch.rand(2, 4), None),
    (Tied(), torch.tensor([[1, 2], [3, 4]]), torch.tensor([5, 6]), cross_entropy_of),
]


@pytest.mark.parametrize(
    ("module", "inputs", "target", "loss"), ODD, ids=lambda value: type(value).__name__
)
def test_odd_modules_are_worked_too(
    module: nn.Module, inputs: object, target: object, loss: object
) -> None:
    found = pellucid.explain(module, inputs, target, loss=loss)  # type: ignore[arg-type]
    assert found.differences["float32"] < 1e-5
    assert target is None or found.differences["autograd"] < 1e-12
    assert max(map(len, found.text().splitlines())) <= 80
    assert len(found.from_json(found.json()).operations) == len(found.operations) > 0


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_of_a_module_that_is_scripted_as_a_whole_nothing_can_be_seen_and_it_is_said() -> None:
    scripted = torch.jit.script(nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2)))
    with pytest.raises(UsageError, match="did nothing with tensors that could be seen"):
        pellucid.explain(scripted, torch.rand(2, 4))


def test_a_fused_encoder_is_opened() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    with torch.no_grad():
        names = {each.operation for each in pellucid.explain(layer, torch.rand(2, 5, 8)).operations}
    assert {"multi_head_attention_forward", "layer_norm", "linear", "relu"} <= names
    assert torch.backends.mha.get_fastpath_enabled()


class Rooted(nn.Module):
    """The root of how many numbers there are, which torch computes in float32 by itself."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x by the root of 7 whole numbers."""
        return x / torch.tensor(7).sqrt()


def test_whole_numbers_too_are_computed_in_float64() -> None:
    found = pellucid.explain(Rooted(), torch.ones(1))
    assert found.operations[-1].values[0] == pytest.approx(7**-0.5, abs=1e-15)


def test_a_tensor_that_is_no_buffer_is_computed_with_in_float64_too() -> None:
    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mask = seeded((3, 3))
            self.weight = nn.Parameter(seeded((3,), 1))

        def forward(self, x: Tensor) -> Tensor:
            return x @ self.mask * self.weight

    module = Masked()
    found = pellucid.explain(module, seeded((2, 3), 2))
    assert operations(found) == ["matmul", "mul"]
    assert module.mask.dtype == torch.float32


def test_a_part_is_called_by_what_it_is_and_then_by_its_place():
    network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU())
    rules = [step.rule for step in pellucid.explain(network, torch.ones(1, 3)).step.walk()]
    assert "Linear · 0" in rules and "ReLU · 1" in rules
