"""transformers and accelerate: configurations, tokenizers and trainers around PyTorch modules.

Attributes that saving and loading set (version, origin) are not part of the value: a model that was saved is equal to
what it was before.
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
_DEFAULT_DTYPE = "float32"
_OF_A_TOKENIZER = frozenset({"cache", "deprecation_warnings", "_in_target_context_manager"})
_OF_A_RUN = ("_runtime", "_per_second")
"""Ends of the names of durations and speeds that a trainer logs."""


def _without(value: Any, names: FrozenSet[str], **more: Any) -> Node:
    found = attributes(value, names)
    return attributes_node(value, found, **more)


@reads("transformers.modeling_utils.PreTrainedModel")
def model(value: Any) -> Node:
    """A model, by its PyTorch module and its configuration."""
    return module_without(value, _OF_A_MODEL)


@reads(
    "transformers.configuration_utils.PreTrainedConfig",
    "transformers.configuration_utils.PretrainedConfig",
    "transformers.generation.configuration_utils.GenerationConfig",
)
def config(value: Any) -> Node:
    """A configuration; saving replaces the dtype by its name, and a missing one by the default."""
    found = attributes(value, _OF_A_CONFIG)
    for name in ("dtype", "torch_dtype"):
        if name in found:
            found[name] = str(found[name] or _DEFAULT_DTYPE).replace("torch.", "")
    return attributes_node(value, found)


@reads("transformers.tokenization_utils_base.PreTrainedTokenizerBase")
def tokenizer(value: Any) -> Node:
    """A tokenizer, by its tokens and settings, without its cache and the warnings that it has given."""
    found = attributes(value, _OF_A_TOKENIZER)
    if type_name(type(found.get("_tokenizer"))) == "tokenizers.Tokenizer":
        found["_tokenizer"] = Within(found["_tokenizer"])
    return attributes_node(value, found)


@reads("transformers.training_args.TrainingArguments")
def arguments(value: Any) -> Node:
    """Training arguments, without the time in the logging folder's name and the devices that were looked up."""
    found = {name: item for name, item in attributes(value).items() if not name.startswith("__cached__")}
    folder = found.get("logging_dir")
    if type(folder) is str:
        found["logging_dir"] = re.sub(r"runs[/\\]\w{3}\d\d_\d\d-\d\d-\d\d_.*", "runs", folder)
    return attributes_node(value, found)


@reads("transformers.trainer_callback.TrainerState")
def state(value: Any) -> Node:
    """A trainer's state, by its progress and log, without durations and the flags of its loop."""
    found = attributes(value)
    log: List[Any] = found["log_history"]
    found["log_history"] = [_timeless(entry) for entry in log]
    kept = found.get("stateful_callbacks")
    if type(kept) is dict:
        found["stateful_callbacks"] = {name: item for name, item in kept.items() if name != "TrainerControl"}
    return attributes_node(value, found)


@reads("transformers.trainer_callback.TrainerControl")
def control(value: Any) -> Node:
    """Flags by which the training loop and its callbacks talk; the next training sets all of them first."""
    return Node(type_name(type(value)))


def _timeless(entry: Any) -> Any:
    if type(entry) is not dict:
        return entry
    return {key: item for key, item in entry.items() if not (type(key) is str and key.endswith(_OF_A_RUN))}


@reads("transformers.trainer_utils.TrainOutput", "transformers.trainer_utils.PredictionOutput")
def output(value: Any) -> Node:
    """The return value of a trainer, without durations."""
    fields: Dict[str, Any] = dict(zip(value._fields, tuple.__iter__(value)))
    found = {**fields, "metrics": _timeless(fields["metrics"])}
    return attributes_node(value, found)


@reads("transformers.trainer_callback.ProgressCallback", "transformers.utils.notebook.NotebookProgressCallback")
def progress(value: Any) -> Node:
    """A progress bar, which has no value."""
    return Node(type_name(type(value)))


_PREPARED = frozenset({"_models", "_optimizers", "_schedulers", "_dataloaders", "gradient_state", "state"})
"""What was prepared, recorded for saving, and state that is shared by the whole process."""


@reads("accelerate.accelerator.Accelerator")
def accelerator(value: Any) -> Node:
    """An accelerator, by settings and steps; models and optimizers are the trainer's, or variables of their own."""
    return _without(value, _PREPARED)


@reads("accelerate.state.GradientState")
def gradients(value: Any) -> Node:
    """State shared by the whole process, without the data loaders in use."""
    return _without(value, frozenset({"dataloader_references", "_dataloader_references_ref"}))


@reads("accelerate.optimizer.AcceleratedOptimizer")
def accelerated(value: Any) -> Node:
    """An optimizer that was prepared, by the optimizer in it; the rest concerns the current step."""
    found = attributes(value)
    return Node(
        type_name(type(value)),
        children=[found["optimizer"]],
        labels=lambda: [attribute_label("optimizer")],
        kind="model",
    )
