"""How PyTorch's objects are read."""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from nbrerun.probe.read import generators
from nbrerun.probe.read.parts import digests_of_parts, leaves
from nbrerun.probe.read.walk import Reader
from tests.unit.probe.looking import changed, digest, generator_digests, moved, notebook, paths, read, texts

X = torch.linspace(-1, 1, 16).reshape(-1, 1)


def network() -> nn.Sequential:
    """A seeded one, with a buffer that a forward pass moves."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(1, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))


def step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """One step of training."""
    optimizer.zero_grad()
    model(X).square().mean().backward()
    optimizer.step()


TENSORS: dict[str, Callable[[], torch.Tensor]] = {
    "float32": lambda: torch.arange(6.0).reshape(2, 3),
    "float16": lambda: torch.arange(6.0).half(),
    "bfloat16": lambda: torch.arange(6.0).bfloat16(),
    "float8": lambda: torch.arange(6.0).to(torch.float8_e4m3fn),
    "bool": lambda: torch.tensor([True, False]),
    "complex": lambda: torch.tensor([1 + 2j, 3j]),
    "scalar": lambda: torch.tensor(3),
    "empty": lambda: torch.empty(0, 3),
    "sparse": lambda: torch.eye(3).to_sparse(),
    "csr": lambda: torch.eye(3).to_sparse_csr(),
    "quantized": lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8),
    "parameter": lambda: nn.Parameter(torch.ones(3)),
}


@pytest.mark.parametrize("kind", TENSORS)
@pytest.mark.filterwarnings("ignore")
def test_tensors_of_equal_values_are_equal(kind: str) -> None:
    """Of every type and layout, wherever they lie; all of them can be read."""
    one, other = TENSORS[kind](), TENSORS[kind]()
    assert digest(one) == digest(other)
    assert not read(one).opaque
    assert texts(one)


OTHERS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "value": (lambda: torch.tensor([1.0, 2.0]), lambda: torch.tensor([1.0, 3.0])),
    "negative zero": (lambda: torch.tensor([0.0]), lambda: torch.tensor([-0.0])),
    "type": (lambda: torch.zeros(2), lambda: torch.zeros(2, dtype=torch.float64)),
    "shape": (lambda: torch.zeros(2, 3), lambda: torch.zeros(3, 2)),
    "requires_grad": (lambda: torch.zeros(2), lambda: torch.zeros(2, requires_grad=True)),
    "conjugate": (lambda: torch.tensor([1j]), lambda: torch.tensor([1j]).conj()),
    "sparse": (lambda: torch.eye(2).to_sparse(), lambda: (2 * torch.eye(2)).to_sparse()),
    "device": (lambda: torch.zeros(2), lambda: torch.zeros(2, device="meta")),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_tensors_of_other_values_differ(kind: str) -> None:
    """Whatever it is that differs."""
    one, other = OTHERS[kind]
    assert digest(one()) != digest(other())


def test_a_view_is_its_values() -> None:
    """How a tensor lies in the storage that it shares is no value, what it shows is."""
    base = torch.arange(6.0).reshape(2, 3)
    assert digest(base.T) == digest(base.T.contiguous())
    view = base[0]
    before = digest(view)
    base[0, 0] = 7.0
    assert digest(view) != before


def test_a_view_lies_in_the_memory_of_its_tensor() -> None:
    """So does the array that shows the same numbers, and a parameter with a gradient."""
    t = torch.arange(12.0).reshape(3, 4)
    found = {name: leaves("t", value)["t"]["memory"] for name, value in {"t": t, "T": t.T, "n": t.numpy()}.items()}
    assert found["t"] == found["T"] == found["n"] == (t.data_ptr(), t.data_ptr() + 48)
    assert leaves("t", t[1:, ::2])["t"]["memory"] == (t.data_ptr() + 16, t.data_ptr() + 44)
    weight = torch.nn.Parameter(t)
    weight.sum().backward()
    assert leaves("t", weight)["t"]["memory"] == found["t"]
    assert leaves("t", torch.empty(3, device="meta"))["t"]["memory"] is None


def test_a_change_of_a_tensor_has_a_size() -> None:
    """The largest distance, whatever the type."""
    for dtype in (torch.float32, torch.bfloat16, torch.int64):
        change = moved(torch.zeros(3, dtype=dtype), torch.tensor([0, 2, 1]).to(dtype))["x"]
        assert change.max_abs_change == 2


def test_a_single_value_is_shown_as_such() -> None:
    """`12`, not `tensor([12], shape=(), int64)`."""
    assert texts(torch.tensor(12))["x"] == "12"


def test_a_gradient_that_waits_is_state() -> None:
    """Gradients add up until somebody sets them to zero."""
    weight = nn.Parameter(torch.ones(3))
    before = digest(weight)
    weight.sum().backward()
    once = digest(weight)
    assert once != before
    weight.sum().backward()
    assert digest(weight) != once
    assert "x.grad" in paths(weight)
    weight.grad = None
    assert digest(weight) == before


def test_the_way_a_value_was_computed_is_no_state() -> None:
    """Reading asks no intermediate result for its gradient, which would warn."""
    weight = nn.Parameter(torch.ones(3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert digest(weight * 2) == digest(weight * 2)


def test_equal_modules_are_equal() -> None:
    """Two with the same seed, and a copy."""
    assert digest(network()) == digest(network())
    assert digest(copy.deepcopy(network())) == digest(network())
    assert read(network()).kind == "model"
    assert not read(network()).opaque


def test_parts_of_a_network_are_named_as_one_types_them() -> None:
    """Index, key, or attribute."""
    nets = nn.ModuleDict({"enc": nn.Linear(1, 1)})
    assert {"x[0].weight", "x[1].running_mean", "x[3].bias", "x[1].training"} <= paths(network())
    assert "x['enc'].weight" in paths(nets)
    assert "x.self_attn.in_proj_weight" in paths(nn.TransformerEncoderLayer(4, 1))


def test_training_moves_weights_buffers_moments_and_step() -> None:
    """Each is named."""
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), weight_decay=0.1)
    step(model, optimizer)
    before = copy.deepcopy((model, optimizer))
    step(model, optimizer)
    assert {"x[0].weight", "x[1].running_var", "x[1].num_batches_tracked"} <= set(moved(before[0], model))
    found = moved(before[1], optimizer)
    assert {"x.state[0].exp_avg", "x.state[0].exp_avg_sq", "x.state[0].step"} <= set(found)
    assert found["x.state[0].step"].max_abs_change == 1


def test_the_mode_is_state() -> None:
    """`eval()` and back."""
    model = network()
    before = digest(model)
    model.eval()
    assert digest(model) != before
    model.train()
    assert digest(model) == before


def test_a_forward_pass_without_training_moves_nothing() -> None:
    """In evaluation mode."""
    model = network().eval()
    before = digest(model)
    with torch.no_grad():
        model(X)
    assert digest(model) == before


def test_hooks_are_counted() -> None:
    """One more at every run."""
    model = nn.Linear(1, 1)
    before = copy.deepcopy(model)
    model.register_forward_hook(lambda *_: None)
    once = copy.deepcopy(model)
    model.register_forward_hook(lambda *_: None)
    assert digest(before) != digest(once)
    assert moved(once, model)["len(x._forward_hooks)"].max_abs_change == 1


def test_hooks_of_tensors_and_optimizers_are_counted() -> None:
    """A gradient that is doubled once more at every run is another step of training."""
    weight = nn.Parameter(torch.ones(3))
    weight.register_hook(lambda grad: 2 * grad)
    assert changed(weight, lambda it: it.register_hook(lambda grad: 2 * grad)) == {"len(x._backward_hooks)": 1}
    assert changed(weight, lambda it: it.register_post_accumulate_grad_hook(print))
    optimizer = torch.optim.SGD([weight])
    assert changed(optimizer, lambda it: it.register_step_post_hook(print))


def test_a_handle_says_whether_its_hook_is_there() -> None:
    """Not which number it has among all the hooks of the process."""
    model = nn.Linear(1, 1)
    one, other = (model.register_forward_hook(print) for _ in range(2))
    assert digest(one) == digest(other)
    other.remove()
    assert digest(one) != digest(other)


def test_a_module_that_was_scripted_is_what_it_was() -> None:
    """What the compiler of TorchScript notes in it is no value."""
    model = nn.Linear(1, 1)
    before = digest(model)
    torch.jit.script(model)
    assert digest(model) == before


def test_frozen_layers_and_plain_attributes_are_state() -> None:
    """Whatever a class of one's own keeps besides its layers."""
    space = notebook(
        """
        from torch import nn
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(1, 1)
                self.seen = 0
                self.log = []
            def forward(self, x):
                self.seen += 1
                return self.fc(x)
        net = Net()
        """
    )
    net = space["net"]
    before = copy.deepcopy(net)
    net(X)
    assert set(moved(before, net)) == {"x.seen"}
    seen = digest(net)
    net.fc.weight.requires_grad = False
    assert digest(net) != seen


def test_tied_weights_are_no_cycle() -> None:
    """One parameter in two places is equal to the same in a copy."""
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    assert digest(model) == digest(copy.deepcopy(model))


OPTIMIZERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "SGD": lambda parameters: torch.optim.SGD(parameters, 0.1, momentum=0.9),
    "AdamW": lambda parameters: torch.optim.AdamW(parameters),
    "RMSprop": lambda parameters: torch.optim.RMSprop(parameters),
    "Adagrad": lambda parameters: torch.optim.Adagrad(parameters),
}


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_optimizers_keep_state_for_each_parameter(kind: str) -> None:
    """Equal for equal histories, another after one more step."""
    pairs = []
    for _ in range(2):
        model = network()
        optimizer = OPTIMIZERS[kind](model.parameters())
        step(model, optimizer)
        pairs.append((model, optimizer))
    one, other = (optimizer for _, optimizer in pairs)
    assert digest(one) == digest(other) == digest(copy.deepcopy(one))
    assert read(one).kind == "model"
    step(*pairs[0])
    assert digest(one) != digest(other)


class Wrapper:
    """As Lightning's optimizers are: of a subclass of what they wrap, without its attributes."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self._optimizer = optimizer
        self.__class__ = type("Wrapped", (Wrapper, type(optimizer)), {})


def test_what_wraps_an_optimizer_is_that_optimizer() -> None:
    """It looks like one."""
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), momentum=0.9)
    wrapper = Wrapper(optimizer)
    assert isinstance(wrapper, torch.optim.SGD)
    before = read(wrapper)
    assert (before.kind, before.opaque) == ("model", ())
    step(model, optimizer)
    assert digest(wrapper) != before.digest


def test_a_closure_optimizer_keeps_its_history() -> None:
    """LBFGS has lists of directions as its state."""
    model = nn.Linear(1, 1)
    optimizer = torch.optim.LBFGS(model.parameters())
    before = digest(optimizer)
    optimizer.step(lambda: _loss(model, optimizer))
    assert digest(optimizer) != before
    assert not read(optimizer).opaque


def _loss(model: nn.Module, optimizer: torch.optim.Optimizer) -> float:
    optimizer.zero_grad()
    loss = model(X).square().mean()
    loss.backward()
    return loss.item()


def test_schedulers_are_read_without_their_optimizer() -> None:
    """Their own count moves; that wrapping `optimizer.step` is no value of the optimizer."""
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    plain = torch.optim.SGD(model.parameters(), 0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    before = digest(scheduler)
    step(model, optimizer)
    assert digest(scheduler) == before
    scheduler.step()
    assert digest(scheduler) != before
    assert not any("optimizer" in path for path in paths(scheduler))
    assert "x.param_groups[0]['initial_lr']" in paths(optimizer)
    assert not any("step" in path for path in paths(plain))


def test_a_plateau_scheduler_and_a_scaler_are_models() -> None:
    """They are part of what training goes on from."""
    optimizer = torch.optim.SGD(network().parameters(), 0.1)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
    before = digest(plateau)
    plateau.step(1.0)
    assert digest(plateau) != before
    scaler = torch.amp.GradScaler("cpu")
    assert read([plateau, scaler]).model
    assert not read(scaler).opaque


def test_a_scaler_keeps_no_addresses() -> None:
    """What it notes of an optimizer until the next step is keyed by where that one lies."""
    made = []
    for _ in range(2):
        scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
        model = nn.Linear(1, 1)
        optimizer = torch.optim.SGD(model.parameters(), 0.0)
        scaler.scale(model(X).sum()).backward()
        scaler.unscale_(optimizer)
        made.append((scaler, optimizer))
    assert digest(made[0][0]) == digest(made[1][0])


def test_a_loader_is_its_dataset_and_how_it_goes_through_it() -> None:
    """Having gone through it changes nothing; its generator is one of random numbers."""
    generator = torch.Generator().manual_seed(1)
    loader = DataLoader(TensorDataset(X), batch_size=4, shuffle=True, generator=generator)
    before, stood = digest(loader), generator_digests(loader)
    list(loader)
    assert digest(loader) == before
    assert generator_digests(loader) != stood
    assert not read(loader).opaque
    assert read(loader).kind == "data"


def test_an_iterator_over_a_loader_knows_how_far_it_is() -> None:
    """Without a step being taken."""
    batches = iter(DataLoader(TensorDataset(X), batch_size=4))
    before = digest(batches)
    assert digest(batches) == before
    next(batches)
    assert digest(batches) != before
    assert len(list(batches)) == 3
    assert read(batches).kind == "iterator"


def test_batches_that_workers_prepare_are_opaque() -> None:
    """They are in other processes."""
    batches = iter(DataLoader(TensorDataset(X), batch_size=4, num_workers=1))
    assert "worker processes" in read(batches).opaque[0]
    assert len(list(batches)) == 4


def test_a_compiled_module_is_the_module() -> None:
    """What the compiler keeps is no value, and that it has compiled something neither."""
    model = nn.Linear(1, 1)
    before = digest(model)
    fast = torch.compile(model, backend="eager")
    once = digest(fast)
    fast(X)
    assert digest(fast) == once
    assert digest(model) == before
    assert "x.weight" in paths(fast)
    with torch.no_grad():
        model.weight += 1
    assert digest(fast) != once


@pytest.mark.filterwarnings("ignore")
def test_a_scripted_module_is_its_code_and_state() -> None:
    """Equal to itself read back from a file."""
    scripted = torch.jit.script(network())
    file = io.BytesIO()
    torch.jit.save(scripted, file)
    file.seek(0)
    assert digest(torch.jit.load(file)) == digest(scripted)
    before = digest(scripted)
    with torch.no_grad():
        next(iter(scripted.parameters())).add_(1)
    assert digest(scripted) != before


def test_recurrent_weights_are_named_once() -> None:
    """Not a second time under the names that the layer keeps for itself."""
    assert not any("flat_weights" in path and path.endswith("]") for path in paths(nn.LSTM(2, 3)))


def test_a_checkpoint_is_read_like_any_dict() -> None:
    """`copy.deepcopy(model.state_dict())`."""
    model = network()
    assert digest(model.state_dict()) == digest(copy.deepcopy(model.state_dict()))
    assert read(model.state_dict()).kind == "data"


def test_a_generator_put_back_draws_the_same_again() -> None:
    """One of the notebook's own, and the global one, by name."""
    own = torch.Generator().manual_seed(3)
    reader = Reader()
    generators.read_global(reader)
    reader.read("g", own)
    pins = generators.messages(reader.generators)
    assert "torch" in {pin["name"] for pin in pins}
    drawn = torch.randn(5), torch.randn(5, generator=own)
    generators.put_back(reader.generators, pins)
    assert torch.equal(torch.randn(5), drawn[0])
    assert torch.equal(torch.randn(5, generator=own), drawn[1])


def test_reading_draws_nothing_and_moves_nothing() -> None:
    """Neither the global generator nor the model."""
    model = network()
    stood = torch.get_rng_state()
    weights = copy.deepcopy(model.state_dict())
    read([model, torch.optim.Adam(model.parameters()), DataLoader(TensorDataset(X), shuffle=True)])
    assert torch.equal(torch.get_rng_state(), stood)
    assert all(torch.equal(weights[name], value) for name, value in model.state_dict().items())


def test_memory_types_and_devices() -> None:
    """The small things of the library."""
    assert digest(torch.zeros(3).untyped_storage()) == digest(torch.zeros(3).untyped_storage())
    assert digest(torch.ones(3).untyped_storage()) != digest(torch.zeros(3).untyped_storage())
    assert digest(torch.float32) != digest(torch.float64)
    assert read(torch.device("cpu")).atom


def test_the_generators_of_devices_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told by what PyTorch says of itself, which this test makes it say without such devices."""
    one, other = torch.Generator(), torch.Generator()
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "default_generators", (one,))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.mps, "_get_default_mps_generator", lambda: other)
    found = dict(generators.global_generators())
    assert found["torch.cuda[0]"] is one
    assert found["torch.mps"] is other
    before = one.get_state()
    reader = Reader()
    generators.read_global(reader)
    pins = generators.messages(reader.generators)
    torch.rand(1, generator=one)
    generators.put_back(reader.generators, pins)
    assert torch.equal(one.get_state(), before)


COMPILED = "import torch\n@torch.compile\ndef x(a): return torch.relu(a)\n"

AROUND = """
import functools
seen = []
def around(f):
    @functools.wraps(f)
    def g(a):
        seen.append(f)
    g.seen = seen
    return g
x = around(x)
"""


def test_compiling_the_same_function_again_gives_an_equal_definition() -> None:
    """PyTorch counts its wrappers up, and keeps counters in them; what is compiled is value."""
    x = notebook(COMPILED)["x"]
    assert (read(x).kind, digest(x)) == ("definition", digest(notebook(COMPILED)["x"]))
    assert digest(x) != digest(notebook(COMPILED.replace("relu", "tanh"))["x"])


@pytest.mark.parametrize(("more", "step"), [("x.count = 0", "x.count += 1"), (AROUND, "seen.append(1)")])
def test_what_a_compiled_function_carries_is_value(more: str, step: str) -> None:
    """A user's attributes on it, or on a wrapper of one's own around it that took over PyTorch's attributes."""
    names = notebook(COMPILED + more)
    before = digest(names["x"])
    exec(step, names)
    assert digest(names["x"]) != before


def test_a_parameter_has_a_digest_without_its_gradient() -> None:
    """The statement that takes the gradient away again does not change the weights."""
    model = network()
    model(X).square().mean().backward()
    before = digests_of_parts("model", model)
    model.zero_grad()
    after = digests_of_parts("model", model)
    assert before["model[0].weight"] == after["model[0].weight"]
    assert before["model[0].weight.grad"] != after.get("model[0].weight.grad")
    with torch.no_grad():
        model[0].weight.add_(1)
    assert digests_of_parts("model", model)["model[0].weight"] != after["model[0].weight"]
