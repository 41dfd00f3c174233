"""transformers: what stands around its PyTorch modules - configurations, tokenizers, the trainer and accelerate.

Notes that saving and loading leave (the version, where it came from) are no value: a model that was saved is what it
was before.
"""

from __future__ import annotations

import re
from typing import Any, Dict, FrozenSet, List

from ..describe.node import Node, attribute_label, reads, type_name
from .generic import attributes, attributes_node
from .tokenizers import Within
from .torch import module_without

_OF_A_MODEL = frozenset({"name_or_path", "_use_kernels", "_weight_conversions"})
_OF_A_CONFIG = frozenset(
    "_name_or_path architectures transformers_version model_type _commit_hash _original_object_hash".split()
)
_USUAL = "float32"
_OF_A_TOKENIZER = frozenset({"cache", "deprecation_warnings", "_in_target_context_manager"})
_OF_A_RUN = ("_runtime", "_per_second")
"""Ends of names of durations, among what a trainer logs."""


def _without(value: Any, names: FrozenSet[str], **more: Any) -> Node:
    found = {name: item for name, item in attributes(value).items() if name not in names}
    return attributes_node(value, found, **more)


@reads("transformers.modeling_utils.PreTrainedModel")
def model(value: Any) -> Node:
    """A module of PyTorch, and its configuration."""
    return module_without(value, _OF_A_MODEL)


@reads(
    "transformers.configuration_utils.PreTrainedConfig",
    "transformers.configuration_utils.PretrainedConfig",
    "transformers.generation.configuration_utils.GenerationConfig",
)
def config(value: Any) -> Node:
    """Its settings; saving writes the type of the weights as a word, the usual one where none was set."""
    found = {name: item for name, item in attributes(value).items() if name not in _OF_A_CONFIG}
    for name in ("dtype", "torch_dtype"):
        if name in found:
            found[name] = str(found[name] or _USUAL).replace("torch.", "")
    return attributes_node(value, found)


@reads("transformers.tokenization_utils_base.PreTrainedTokenizerBase")
def tokenizer(value: Any) -> Node:
    """Its words and settings; what it has cut already, and warned of, is no value."""
    found = {name: item for name, item in attributes(value).items() if name not in _OF_A_TOKENIZER}
    if type_name(type(found.get("_tokenizer"))) == "tokenizers.Tokenizer":
        found["_tokenizer"] = Within(found["_tokenizer"])
    return attributes_node(value, found)


@reads("transformers.training_args.TrainingArguments")
def arguments(value: Any) -> Node:
    """Settings; the folder for logs may be named after the clock, and devices are looked up when asked for."""
    found = {name: item for name, item in attributes(value).items() if not name.startswith("__cached__")}
    folder = found.get("logging_dir")
    if type(folder) is str:
        found["logging_dir"] = re.sub(r"runs[/\\]\w{3}\d\d_\d\d-\d\d-\d\d_.*", "runs", folder)
    return attributes_node(value, found)


@reads("transformers.trainer_callback.TrainerState")
def state(value: Any) -> Node:
    """How far a trainer is, and what it logged; not how long that took."""
    found = attributes(value)
    log: List[Any] = found["log_history"]
    return attributes_node(value, {**found, "log_history": [_timeless(entry) for entry in log]})


def _timeless(entry: Any) -> Any:
    if type(entry) is not dict:
        return entry
    return {key: item for key, item in entry.items() if not (type(key) is str and key.endswith(_OF_A_RUN))}


@reads("transformers.trainer_utils.TrainOutput", "transformers.trainer_utils.PredictionOutput")
def output(value: Any) -> Node:
    """What a trainer gives back; not how long it took."""
    fields: Dict[str, Any] = dict(zip(value._fields, tuple.__iter__(value)))
    found = {**fields, "metrics": _timeless(fields["metrics"])}
    return attributes_node(value, found)


@reads("transformers.trainer_callback.ProgressCallback", "transformers.utils.notebook.NotebookProgressCallback")
def progress(value: Any) -> Node:
    """A bar on the screen."""
    return Node(type_name(type(value)))


_PREPARED = frozenset({"_models", "_optimizers", "_schedulers", "_dataloaders", "gradient_state", "state"})
"""What is noted of all that was prepared, for storing, and shared by all that are in the process."""


@reads("accelerate.accelerator.Accelerator")
def accelerator(value: Any) -> Node:
    """Settings and steps; the models and optimizers that it prepared are the trainer's, or variables of their own."""
    return _without(value, _PREPARED)


@reads("accelerate.state.GradientState")
def gradients(value: Any) -> Node:
    """Shared by all that are in the process; which loaders of data are in use is no value."""
    return _without(value, frozenset({"dataloader_references", "_dataloader_references_ref"}))


@reads("accelerate.optimizer.AcceleratedOptimizer")
def accelerated(value: Any) -> Node:
    """The optimizer inside; the rest is about the step under way."""
    found = attributes(value)
    return Node(
        type_name(type(value)),
        children=[found["optimizer"]],
        labels=lambda: [attribute_label("optimizer")],
        kind="model",
    )
