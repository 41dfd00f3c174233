"""thinc and spaCy: networks, pipelines, and documents.

The vocabulary of a pipeline and its store of strings grow whenever a text is processed: only its vectors are value.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from ..node import Node, attribute_label, clip, reads, type_name
from .generic import attributes, is_persons


def _node(value: Any, found: Dict[str, Any], *content: bytes, **more: Any) -> Node:
    more.setdefault("text", lambda: f"<{type_name(type(value))}>")
    return Node(
        type_name(type(value)),
        ("\0".join(found).encode("utf-8", "surrogatepass"), *content),
        list(found.values()),
        lambda: [attribute_label(name) if name else "" for name in found],
        **more,
    )


@reads("thinc.model.Model")
def model(value: Any) -> Node:
    """Weights, sizes and layers; its number and the gradients of a step under way are no value."""
    weights = {f"get_param({name!r})": _weights(value, name) for name in value.param_names}
    inside = {f"layers[{i}]": layer for i, layer in enumerate(value.layers)}
    shims = {f"shims[{i}]": shim for i, shim in enumerate(value.shims)}
    found = {**weights, "attrs": dict(value.attrs), "_dims": dict(value._dims), "_func": value._func, **inside, **shims}
    return _node(value, found, kind="model", text=lambda: clip(f"<Model {value.name}>"))


def _weights(value: Any, name: str) -> Optional[Any]:
    return value.get_param(name) if value.has_param(name) else None


@reads("thinc.shims.shim.Shim")
def shim(value: Any) -> Node:
    """The network of another library."""
    own = attributes(value)
    found: Dict[str, Any] = {name: own[name] for name in ("_model", "_optimizer", "cfg") if name in own}
    return _node(value, found, kind="model")


_PER_MODEL = ("mom1", "mom2", "averages", "nr_update", "last_seen")


@reads("thinc.optimizers.Optimizer")
def optimizer(value: Any) -> Node:
    """Its settings and moments; models have numbers there, of which only the order counts."""
    names = ("L2", "L2_is_weight_decay", "b1", "b2", "eps", "grad_clip", "learn_rate", "use_radam", "schedules")
    found: Dict[str, Any] = {name: getattr(value, name, None) for name in names}
    kept = {name: getattr(value, name, None) for name in _PER_MODEL}
    numbers = sorted({key[0] for moments in kept.values() if moments for key in moments if isinstance(key, tuple)})
    order = {number: i for i, number in enumerate(numbers)}
    for name, moments in kept.items():
        found[name] = moments and {_renumbered(key, order): item for key, item in moments.items()}
    return _node(value, found, kind="model")


def _renumbered(key: Any, order: Dict[Any, int]) -> Any:
    return (order[key[0]], *key[1:]) if isinstance(key, tuple) else key


@reads("spacy.language.Language")
def language(value: Any) -> Node:
    """Its tokenizer and the components by name; its `meta` is put together whenever somebody asks."""
    own = attributes(value)
    pipes: List[Any] = own["_components"]
    named = {"tokenizer": own["tokenizer"], "_disabled": own["_disabled"], "vocab": own["vocab"]}
    more = {"_optimizer": own["_optimizer"]} if own.get("_optimizer") is not None else {}
    names = [*map(attribute_label, (*named, *more)), *(f".get_pipe({name!r})" for name, _ in pipes)]
    return Node(
        type_name(type(value)),
        tuple(name.encode("utf-8", "surrogatepass") for name, _ in pipes),
        [*named.values(), *more.values(), *(pipe for _, pipe in pipes)],
        lambda: names,
        kind="model",
        text=lambda: f"<{type(value).__name__} of {', '.join(name for name, _ in pipes)}>",
    )


@reads("spacy.pipeline.trainable_pipe.TrainablePipe")
def trainable(value: Any) -> Optional[Node]:
    """Its network, its labels and settings."""
    if is_persons(type(value)):
        return None
    labels = tuple(value.labels)
    found = {"model": value.model, "labels": labels, "cfg": dict(value.cfg), "name": value.name}
    return _node(value, {**found, **_other(value)}, kind="model")


@reads("spacy.pipeline.pipe.Pipe")
def pipe(value: Any) -> Optional[Node]:
    """A component that learns nothing."""
    return None if is_persons(type(value)) else _node(value, _other(value))


def _other(value: Any) -> Dict[str, Any]:
    """Attributes of a component, less the pipeline around it and functions that only measure."""
    apart = ("nlp", "vocab", "scorer", "matcher_fuzzy_compare", "_rehearsal_model")
    return {name: item for name, item in sorted(attributes(value).items()) if name not in apart}


@reads("spacy.tokenizer.Tokenizer")
def tokenizer(value: Any) -> Node:
    """Its rules and special cases."""
    return _node(value, {}, value.to_bytes(exclude=["vocab"]))


@reads("spacy.vocab.Vocab")
def vocabulary(value: Any) -> Node:
    """Its vectors."""
    return _node(value, {"vectors": value.vectors})


@reads("spacy.vectors.Vectors")
def vectors(value: Any) -> Node:
    """Numbers, and the row of each word."""
    return _node(value, {"data": value.data, "key2row": dict(value.key2row)})


@reads("spacy.strings.StringStore")
def strings(value: Any) -> Node:
    """The strings in it, in whatever order."""
    return Node(type_name(type(value)), tuple(sorted(text.encode("utf-8", "surrogatepass") for text in value)))


@reads("spacy.matcher.matcher.Matcher", "spacy.matcher.phrasematcher.PhraseMatcher")
def matcher(value: Any) -> Node:
    """Its patterns, by name."""
    parts = value.__reduce__()[1]
    found = {f"<state {i}>": part for i, part in enumerate(parts[1:])}
    return _node(value, found)


@reads("spacy.tokens.doc.Doc")
def document(value: Any) -> Node:
    """Text and annotations, and what a person noted on it."""
    found = {"cats": dict(value.cats), "user_data": dict(value.user_data), "tensor": value.tensor}
    content = value.to_bytes(exclude=["user_data", "tensor", "cats"])
    text = clip(value.text)
    return _node(value, found, content, size=("len({})", str(len(value))), text=lambda: f"<Doc {text}>")


@reads("spacy.tokens.span.Span")
def span(value: Any) -> Node:
    """From where to where in which document, and as what."""
    own = f"{value.start} {value.end} {value.label_} {value.kb_id_}"
    return _node(value, {"doc": value.doc}, own.encode("utf-8", "surrogatepass"), text=lambda: clip(f"<Span {own}>"))


@reads("spacy.tokens.token.Token")
def token(value: Any) -> Node:
    """Which one of which document."""
    return _node(value, {"doc": value.doc}, b"%d" % value.i, text=lambda: clip(f"<Token {value.text}>"))


@reads("spacy.lexeme.Lexeme")
def lexeme(value: Any) -> Node:
    """A word."""
    return _node(value, {}, value.text.encode("utf-8", "surrogatepass"), text=lambda: clip(f"<Lexeme {value.text}>"))


@reads("spacy.training.example.Example")
def example(value: Any) -> Node:
    """What is so, and what was predicted."""
    return _node(value, {"reference": value.reference, "predicted": value.predicted})
