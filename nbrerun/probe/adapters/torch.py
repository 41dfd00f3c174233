"""PyTorch: tensors, modules, optimizers, schedulers, data loaders."""

from __future__ import annotations

import ctypes
import sys
import weakref
from typing import Any, Callable, Collection, Dict, FrozenSet, List, Optional, Set, Tuple

from ..describe.change import Wanted, changes
from ..describe.node import Node, attribute_label, clip, key_text, reads, show, type_name
from .generic import Described, attributes, attributes_node

_MOST_NUMBERS = 4_000_000

_PARTS = ("_parameters", "_buffers", "_modules")
_HOOKS = (
    *("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks"),
    *("_state_dict_hooks", "_state_dict_pre_hooks", "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks"),
)
_TENSOR_HOOKS = ("_backward_hooks", "_post_accumulate_grad_hooks")
_OPTIMIZER_HOOKS = (
    *("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks"),
    *("_optimizer_state_dict_pre_hooks", "_optimizer_state_dict_post_hooks"),
    *("_optimizer_load_state_dict_pre_hooks", "_optimizer_load_state_dict_post_hooks"),
)
_INTERNAL = frozenset(
    """
    _non_persistent_buffers_set _is_full_backward_hook _forward_hooks_with_kwargs _forward_hooks_always_called
    _forward_pre_hooks_with_kwargs _flat_weight_refs _flat_weights _all_weights _compiled_call_impl _is_torch_compile
    _is_hf_initialized __overloads__
    """.split()
)
"""Internal attributes of modules: flags that belong to hooks, and parameters under other names."""

_OPTIMIZER_INTERNAL = frozenset("state param_groups step _params _numel_cache _step_count _opt_called".split())
_SCHEDULER_INTERNAL = frozenset("optimizer _get_lr_called_within_step _is_initial _initial_step".split())
_LOADER_INTERNAL = frozenset(
    "_iterator _DataLoader__multiprocessing_context _DataLoader__initialized _IterableDataset_len_called".split()
)


@reads("torch.Tensor")
def tensor(value: Any) -> Node:
    """A tensor, by type, shape, device and values, and the gradient that waits for the next step."""
    torch = sys.modules["torch"]
    # Without this a subclass's `__torch_function__` would run for every operation below.
    with torch._C.DisableTorchFunctionSubclass():
        node = (_dense if value.layout is torch.strided else _sparse)(torch, value)
        gradient = value.grad if value.is_leaf else None
        requires = value.requires_grad
        hooks = {name: getattr(value, name, None) for name in _TENSOR_HOOKS}
    node = node._replace(type=type_name(type(value)), content=(*node.content, b"requires_grad" * requires))
    own = attributes(value)
    more = [("." + name, part) for name, part in own.items() if not (_is_compiler(name) or _is_note(name, own))]
    if gradient is not None:
        more.append((".grad", gradient))
    more += [("." + name, _hooks(found, name)) for name, found in hooks.items() if found]
    if not more:
        return node
    labels = ["", *(label for label, _ in more)]
    return Node(node.type, children=[Described(node), *(part for _, part in more)], labels=lambda: labels)


def _is_compiler(name: str) -> bool:
    """Whether `torch.compile` marks an object with this attribute."""
    return name.startswith(("_dynamo", "_torchdynamo"))


def _is_note(name: str, own: Dict[str, Any]) -> bool:
    """Whether an attribute repeats what a module knows: that a tensor is a buffer, and is initialised."""
    return name in ("_is_hf_initialized", "_is_buffer") or (name == "persistent" and "_is_buffer" in own)


def _dense(torch: Any, value: Any) -> Node:
    plain = value.detach()
    # `reshape` and `view` below are not implemented for nested and quantized tensors.
    if plain.is_nested or plain.is_quantized:
        parts = list(plain.unbind()) if plain.is_nested else [plain.dequantize()]
        labels = [f"[{i}]" for i in range(len(parts))] if plain.is_nested else [".dequantize()"]
        return Node("", (str(plain.dtype).encode(),), parts, lambda: labels)
    head = f"{plain.dtype}{tuple(plain.shape)}{plain.device}"
    node = Node(
        "",
        (head.encode(),),
        size=("{}.shape", str(tuple(plain.shape))),
        text=lambda: _text(plain),
        numbers=lambda: _numbers(torch, plain),
        memory=lambda: _memory(plain),
    )
    if plain.device.type == "meta":
        return node
    return node._replace(content=(*node.content, raw_bytes(torch, plain)))


def _memory(plain: Any) -> Optional[Tuple[int, int]]:
    if not plain.numel() or plain.device.type not in ("cpu", "cuda"):  # these two have addresses in common
        return None
    first, size = plain.data_ptr(), plain.element_size()
    return first, first + size * (1 + sum((size - 1) * stride for size, stride in zip(plain.shape, plain.stride())))


def raw_bytes(torch: Any, plain: Any) -> Any:
    """Return the values as bytes in C order, of whatever type and device."""
    values = plain.resolve_conj().resolve_neg().cpu().contiguous().reshape(-1).view(torch.uint8)
    if "numpy" in sys.modules:
        return memoryview(values.numpy())
    return ctypes.string_at(values.data_ptr(), values.numel())


def _numbers(torch: Any, plain: Any) -> Optional[bytes]:
    """Return the values as float64 (complex128), or None if they are too many."""
    if not 0 < plain.numel() <= _MOST_NUMBERS or plain.device.type == "meta":
        return None
    return bytes(raw_bytes(torch, plain.to(torch.complex128 if plain.is_complex() else torch.float64)))


def _text(plain: Any) -> str:
    what = f"shape={tuple(plain.shape)}, {str(plain.dtype).replace('torch.', '')}"
    if plain.device.type == "meta":
        return f"tensor({what}, without values)"
    first = plain.reshape(-1)[:6].tolist()
    values = ", ".join(f"{item:.6g}" if isinstance(item, float) else str(item) for item in first)
    if plain.dim() == 0:
        return values
    return clip(f"tensor([{values}{', …' if plain.numel() > 6 else ''}], {what})", 100)


def _sparse(torch: Any, value: Any) -> Node:
    """Describe a sparse tensor, by its indices and values."""
    plain = value.detach()
    if plain.layout is torch.sparse_coo:
        plain = plain.coalesce()
        parts = {"indices()": plain.indices(), "values()": plain.values()}
    elif plain.layout in (torch.sparse_csr, torch.sparse_bsr):
        parts = {name + "()": getattr(plain, name)() for name in ("crow_indices", "col_indices", "values")}
    elif plain.layout in (torch.sparse_csc, torch.sparse_bsc):
        parts = {name + "()": getattr(plain, name)() for name in ("ccol_indices", "row_indices", "values")}
    else:
        parts = {"to_dense()": plain.to_dense()}
    return Node(
        "",
        (f"{plain.layout}{tuple(plain.shape)}".encode(),),
        list(parts.values()),
        lambda: [attribute_label(name) for name in parts],
    )


@reads("torch.storage.UntypedStorage", "torch.storage.TypedStorage")
def storage(value: Any) -> Node:
    """A storage, by its bytes."""
    torch = sys.modules["torch"]
    untyped = value.untyped() if hasattr(value, "untyped") else value
    return _dense(torch, torch.empty(0, dtype=torch.uint8, device=untyped.device).set_(untyped))


@reads("torch.dtype", "torch.device", "torch.layout", "torch.memory_format", "torch.finfo", "torch.iinfo")
def printed(value: Any) -> Node:
    """An immutable value that its repr describes completely."""
    return Node(type_name(type(value)), (repr(value).encode(),), atom=True, text=lambda: clip(repr(value)))


@reads("torch.nn.modules.module.Module", "torch.nn.Module")
def module(value: Any) -> Node:
    """A module, by parameters, buffers, submodules, mode, number of hooks, and its other attributes."""
    return module_without(value, frozenset())


def module_without(value: Any, names: FrozenSet[str]) -> Node:
    """Describe a module without attributes that are not part of the value in modules of its kind."""
    found = attributes(value)
    parts: Dict[str, Any] = {}
    for name in _PARTS:
        parts.update(found.pop(name, None) or {})
    ours = (*_INTERNAL, *_HOOKS, *names)
    rest = {name: item for name, item in found.items() if name not in ours and not _is_compiler(name)}
    hooks = {name: _hooks(found[name]) for name in _HOOKS if found.get(name)}
    label = _place(value)
    labels = [label(name) for name in parts] + [attribute_label(name) for name in (*sorted(rest), *hooks)]
    children = [*parts.values(), *(rest[name] for name in sorted(rest)), *hooks.values()]
    return Node(
        type_name(type(value)),
        ("\0".join([*parts, *sorted(rest), *hooks]).encode("utf-8", "surrogatepass"),),
        children,
        lambda: labels,
        kind="model",
        text=lambda: f"<{type(value).__name__}>",
    )


def _place(value: Any) -> Callable[[str], str]:
    """Return how the user reaches a part of a module: by an index, a key, or an attribute."""
    names = {f"{cls.__module__}.{cls.__qualname__}" for cls in type(value).__mro__}
    if "torch.nn.modules.container.ModuleDict" in names:
        return lambda name: f"[{show(name)}]"
    return lambda name: f"[{name}]" if name.isdigit() else attribute_label(name)


def _hooks(hooks: Dict[Any, Any], name: str = "hooks") -> Described:
    # By number only: hooks are registered under ids that a counter of all hooks gives.
    count = str(len(hooks))
    return Described(Node(name, (count.encode(),), size=("len({})", count), text=lambda: count + " hooks"))


@reads("torch.utils.hooks.RemovableHandle")
def handle(value: Any) -> Node:
    """The handle of a hook, by whether the hook is still registered."""
    found = attributes(value)
    reference = found.get("hooks_dict_ref")
    hooks = reference() if type(reference) is weakref.ref else None
    there = hooks is not None and found.get("id") in hooks
    name = type_name(type(value))
    return Node(name, (b"there" * there,), text=lambda: f"<{name}, {'there' if there else 'removed'}>")


@reads("torch._dynamo.eval_frame.OptimizedModule")
def compiled(value: Any) -> Node:
    """A compiled module, by the module that was compiled."""
    found = attributes(value)["_modules"]
    return Node(type_name(type(value)), children=[found["_orig_mod"]], labels=lambda: [""], kind="model")


@reads("torch.jit._script.ScriptModule", "torch.jit.ScriptModule")
def script(value: Any) -> Node:
    """A scripted module, by its code, parameters and buffers."""
    torch = sys.modules["torch"]
    state = dict(torch.nn.Module.state_dict(value))
    return Node(
        type_name(type(value)),
        (str(value.code).encode(), repr(bool(value.training)).encode(), "\0".join(state).encode()),
        list(state.values()),
        lambda: [attribute_label(name) for name in state],
        kind="model",
    )


@reads("torch.optim.optimizer.Optimizer", "torch.optim.Optimizer")
def optimizer(value: Any) -> Node:
    """An optimizer, by the settings of its groups and its state for each parameter; the parameters are the model's."""
    found = attributes(value)
    if "param_groups" not in found:  # Lightning's wrappers are of a subclass of what they wrap, and have only that
        return attributes_node(value, found, kind="model", text=lambda: f"<{type(value).__name__}>")
    groups, state = found["param_groups"], found["state"]
    parts: List[Tuple[str, Any]] = []
    for number, group in enumerate(groups):
        parts += [(f".param_groups[{number}][{key_text(key)}]", group[key]) for key in group if key != "params"]
    # In the order of the groups, as `state_dict` numbers them: the state itself is keyed by tensors.
    parameters = [parameter for group in groups for parameter in group["params"]]
    for number, parameter in enumerate(parameters):
        kept = state.get(parameter) or {}
        parts += [(f".state[{number}].{key}", kept[key]) for key in kept]
    internal = ("_optimizer_", "_zero_grad_", "_warned_")
    own = {n: item for n, item in found.items() if n not in _OPTIMIZER_INTERNAL and not n.startswith(internal)}
    own.update({name: _hooks(found[name]) for name in _OPTIMIZER_HOOKS if found.get(name)})
    parts += [(attribute_label(name), own[name]) for name in sorted(own)]
    return Node(
        type_name(type(value)),
        ("\0".join(label for label, _ in parts).encode("utf-8", "surrogatepass"),),
        [part for _, part in parts],
        lambda: [label for label, _ in parts],
        kind="model",
        text=lambda: f"<{type(value).__name__}>",
    )


@reads(
    "torch.optim.lr_scheduler.LRScheduler",
    "torch.optim.lr_scheduler._LRScheduler",
    "torch.optim.lr_scheduler.ReduceLROnPlateau",
)
def scheduler(value: Any) -> Node:
    """A scheduler, by its own state; the optimizer that it steers is a variable of its own."""
    return _without(value, _SCHEDULER_INTERNAL)


@reads("torch.amp.grad_scaler.GradScaler", "torch.cuda.amp.grad_scaler.GradScaler")
def scaler(value: Any) -> Node:
    """A gradient scaler, without what it keeps of optimizers for the length of one step, by their addresses."""
    return _without(value, frozenset({"_per_optimizer_states"}))


def _without(value: Any, names: Collection[str]) -> Node:
    kept = attributes(value, names)
    return attributes_node(value, kept, kind="model", text=lambda: f"<{type(value).__name__}>")


@reads("torch.utils.data.dataloader.DataLoader", "torch.utils.data.DataLoader")
def loader(value: Any) -> Node:
    """A data loader, by its dataset and settings, without workers that are kept for the next epoch."""
    return _without(value, _LOADER_INTERNAL)._replace(kind="data")


@reads("torch.utils.data.dataloader._SingleProcessDataLoaderIter")
def loading(value: Any) -> Node:
    """An iterator over a data loader, by its position in the dataset."""
    found = attributes(value)
    return Node(
        type_name(type(value)),
        children=[found["_dataset"], found["_sampler_iter"], found["_num_yielded"]],
        labels=lambda: ["._dataset", "._sampler_iter", "._num_yielded"],
        kind="iterator",
        text=lambda: f"<loader after {found['_num_yielded']} batches>",
    )


@reads("torch.utils.data.dataloader._MultiProcessingDataLoaderIter")
def workers(value: Any) -> Node:
    """An iterator over a data loader with worker processes, which have batches in preparation."""
    return Node(type_name(type(value)), opaque="a torch DataLoader iterator: its worker processes", kind="iterator")


@changes("torch.Tensor")
def change(value: Any, path: str, wanted: Wanted) -> Set[str]:
    """Give the numbers of a tensor other values, past autograd; only those that the first run changed."""
    torch = sys.modules["torch"]
    earlier = wanted.get(path)
    if path not in wanted or value.layout is not torch.strided or value.device.type == "meta" or not value.numel():
        return set()
    with torch._C.DisableTorchFunctionSubclass(), torch.no_grad():
        plain = value.detach()
        if plain.dtype is torch.bool:
            new = ~plain
        elif plain.is_floating_point() or plain.is_complex():
            new = plain * 1.25 + 0.5
        else:
            new = plain + 1
        if earlier is not None and len(earlier) == 8 * plain.numel():
            before = torch.frombuffer(bytearray(earlier), dtype=torch.float64).reshape(plain.shape).to(plain.device)
            new = torch.where(plain.to(torch.float64) == before, plain, new)
        if torch.equal(new, plain):
            return set()
        plain.copy_(new)
    return {path}
