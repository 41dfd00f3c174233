"""thinc and spaCy: networks, pipelines, and documents.

The vocabulary of a pipeline and its store of strings grow whenever a text is processed: value are its vectors, its
tables, and words of which somebody has set something that their text does not say.
"""

from __future__ import annotations

import functools
import sys
from typing import Any, Callable, Dict, FrozenSet, List, Tuple

from ..describe.node import Node, attribute_label, clip, dumps, reads, type_name
from .generic import attributes, derives, is_persons


def _node(value: Any, found: Dict[str, Any], *content: bytes, **more: Any) -> Node:
    more.setdefault("text", lambda: f"<{type_name(type(value))}>")
    return Node(
        type_name(type(value)),
        ("\0".join(found).encode("utf-8", "surrogatepass"), *content),
        list(found.values()),
        lambda: [attribute_label(name) for name in found],
        **more,
    )


def _base(module: str, name: str) -> Any:
    """A class of the library, to ask it for what a subclass of the person's may say otherwise."""
    return getattr(sys.modules[module], name)


def _without(value: Any, *names: str) -> Dict[str, Any]:
    return {name: item for name, item in sorted(attributes(value).items()) if name not in names}


_SET_BY_EVERY_CALL = "dropout_rate"
"""An attribute of layers that spaCy sets before it trains, and to zero before it predicts."""


class _Inside:
    """A network within a pipeline, or a layer of one."""

    __slots__ = ("layer",)

    def __init__(self, layer: Any) -> None:
        self.layer = layer


@reads(f"{__name__}._Inside")
def inside(value: _Inside) -> Node:
    """The layer, less what every call sets."""
    return _layer(value.layer, frozenset({_SET_BY_EVERY_CALL}))


@reads("thinc.model.Model")
def model(value: Any) -> Node:
    """Weights, gradients that wait for a step, sizes and layers; its number is no value."""
    return _layer(value, frozenset())


def _layer(value: Any, apart: FrozenSet[str]) -> Node:
    """A layer, where attributes of a name are no value in it nor in its layers."""
    own = attributes(value)
    found = {**_weights(value, own["_has_params"]), **_gradients(value, own["_has_params"])}
    found["attrs"] = {name: item for name, item in own["_attrs"].items() if name not in apart}
    found.update(_dims=own["_dims"], _func=own["_func"])
    layers = [_inside(layer) if apart else layer for layer in own["_layers"]]
    found.update({f"layers[{i}]": layer for i, layer in enumerate(layers)})
    found.update({f"shims[{i}]": shim for i, shim in enumerate(own["_shims"])})
    refs = dumps(sorted(_places(value, own["_refs"]).items()))
    return _node(value, found, refs, kind="model", text=lambda: clip(f"<Model {own['name']}>"))


def _inside(layer: Any) -> Any:
    return _Inside(layer) if derives(layer, _base("thinc.model", "Model")) else layer


def _weights(value: Any, names: Dict[str, Any]) -> Dict[str, Any]:
    base = _base("thinc.model", "Model")
    return {f"get_param({name!r})": base.get_param(value, name) if names[name] else None for name in names}


def _gradients(value: Any, names: Dict[str, Any]) -> Dict[str, Any]:
    """Gradients that add up until a step is made with them; after it they are zero."""
    base = _base("thinc.model", "Model")
    waiting = {name: base.get_grad(value, name) for name in names if base.has_grad(value, name)}
    return {f"get_grad({name!r})": gradient for name, gradient in waiting.items() if gradient.any()}


def _places(value: Any, refs: Dict[str, Any]) -> Dict[str, int]:
    """Layers that have a name, by where they are among all layers."""
    if not refs:
        return {}
    place = {id(layer): i for i, layer in enumerate(_base("thinc.model", "Model").walk(value))}
    return {name: place.get(id(layer), -1) for name, layer in refs.items()}


@reads("thinc.shims.shim.Shim")
def shim(value: Any) -> Node:
    """The network of another library."""
    return _node(value, _without(value, "id", "name", "ops"), kind="model")


_PER_MODEL = ("mom1", "mom2", "averages", "nr_update", "last_seen")


@reads("thinc.optimizers.Optimizer")
def optimizer(value: Any) -> Node:
    """Its settings and moments; models have numbers there, of which only the order counts."""
    found = _without(value, "_radam_buffer")
    kept = {name: found[name] for name in _PER_MODEL if found.get(name)}
    numbers = sorted({key[0] for moments in kept.values() for key in moments if isinstance(key, tuple)})
    order = {number: i for i, number in enumerate(numbers)}
    for name, moments in kept.items():
        found[name] = {_renumbered(key, order): item for key, item in moments.items()}
    return _node(value, found, kind="model")


def _renumbered(key: Any, order: Dict[Any, int]) -> Any:
    return (order[key[0]], *key[1:]) if isinstance(key, tuple) else key


_TOLD = ("_config", "_meta", "_path", "_pipe_meta", "_pipe_configs", "_components")
"""What a pipeline keeps of where it and its components are from; the components themselves say what they are."""


@reads("spacy.language.Language")
def language(value: Any) -> Node:
    """Its components by name, tokenizer, settings and what somebody noted on it."""
    own = attributes(value)
    pipes: List[Any] = own["_components"]
    found = {**_without(value, *_TOLD), "config": _config(own["_config"]), "meta": _meta(own["_meta"])}
    names = [*map(attribute_label, found), *(f".get_pipe({name!r})" for name, _ in pipes)]
    return Node(
        type_name(type(value)),
        tuple(name.encode("utf-8", "surrogatepass") for name in (*found, *(name for name, _ in pipes))),
        [*found.values(), *(pipe for _, pipe in pipes)],
        lambda: names,
        kind="model",
        text=lambda: f"<{type(value).__name__} of {', '.join(name for name, _ in pipes)}>",
    )


def _config(config: Dict[str, Any]) -> Dict[str, Any]:
    """What is set for training; the rest is put together from the components whenever somebody asks."""
    found = {name: section for name, section in config.items() if name not in ("nlp", "components")}
    training = found.get("training") or {}
    return {**found, "training": {name: item for name, item in training.items() if name != "score_weights"}}


_FILLED_IN = frozenset(
    "lang spacy_version spacy_git_version vectors labels pipeline components disabled".split()
)  # whenever somebody asks
_UNSET = ("", "pipeline", "0.0.0")


def _meta(meta: Dict[str, Any]) -> Dict[str, Any]:
    named = {name: item for name, item in meta.items() if name not in _FILLED_IN}
    return {name: item for name, item in named.items() if not (type(item) is str and item in _UNSET)}


@reads("spacy.pipeline.trainable_pipe.TrainablePipe")
def trainable(value: Any) -> Any:
    """Its network, its labels and settings."""
    if is_persons(type(value)):
        return None
    found = {
        "model": _inside(value.model),
        "labels": tuple(value.labels),
        "cfg": value.cfg,
        "name": value.name,
        **_other(value),
    }
    rehearsed = getattr(value, "_rehearsal_model", None)
    if rehearsed is not None:
        found["_rehearsal_model"] = _inside(rehearsed)
    return _node(value, found, kind="model")


@reads("spacy.pipeline.pipe.Pipe")
def pipe(value: Any) -> Any:
    """A component that learns nothing."""
    return None if is_persons(type(value)) else _node(value, _other(value))


_AROUND = ("nlp", "vocab", "listener_map", "scorer", "matcher_fuzzy_compare", "cache", "_validated", "model", "cfg")


def _other(value: Any) -> Dict[str, Any]:
    """Attributes of a component, less the pipeline around it, its caches, and functions that only measure."""
    return _without(value, *_AROUND, "name", "_rehearsal_model")


_RULES = ("prefix_search", "suffix_search", "infix_finditer", "token_match", "url_match", "faster_heuristics")


@reads("spacy.tokenizer.Tokenizer")
def tokenizer(value: Any) -> Node:
    """Its patterns and special cases; which words it has cut already is no value."""
    base = _base("spacy.tokenizer", "Tokenizer")
    special = sorted(base.rules.__get__(value).items())
    found = {name: getattr(base, name).__get__(value) for name in _RULES}
    return _node(value, {**found, **attributes(value)}, dumps(special), size=("len({}.rules)", str(len(special))))


@reads("spacy.vocab.Vocab")
def vocabulary(value: Any) -> Node:
    """Vectors, tables, how attributes of words are found, and words that were given others."""
    getters = value.lex_attr_getters or {}
    found = {"vectors": value.vectors, "lookups": value.lookups, "cfg": value.cfg, "lex_attr_getters": getters}
    return _node(value, {**found, "<words>": _set_by_hand(value, getters)})


_NORM = 67  # spacy.attrs.NORM
_FIRST_THAT_IS_NO_FLAG = 64


def _set_by_hand(value: Any, getters: Dict[int, Any]) -> Dict[str, Tuple[Any, ...]]:
    """Words with what their text does not say: `nlp.vocab['btw'].is_stop = True`."""
    own = {number: getter for number, getter in getters.items() if _is_spacys(getter)}
    flags = [(1 << number, getter) for number, getter in own.items() if number < _FIRST_THAT_IS_NO_FLAG]
    mask = sum(bit for bit, _ in flags)
    found = {}
    for word in value:
        text = word.text
        said = sum(bit for bit, getter in flags if getter(text))
        norm = word.norm_ if _NORM in own and word.norm_ != own[_NORM](text) else None
        more = ((word.flags & mask) ^ said, norm, word.sentiment, word.cluster)
        if any(more):
            found[text] = more
    return found


def _is_spacys(getter: Callable[..., Any]) -> bool:
    function = getter.func if type(getter) is functools.partial else getter
    return str(getattr(function, "__module__", "")).startswith("spacy.")


_OF_VECTORS = ("name", "mode", "attr", "data", "key2row")
_OF_FLORET = ("minn", "maxn", "hash_count", "hash_seed", "bow", "eow")
"""How rows are found for parts of words; vectors of whole words have no use for it."""


@reads("spacy.vectors.Vectors")
def vectors(value: Any) -> Node:
    """Numbers, the row of each word, and how words without one get theirs."""
    base = _base("spacy.vectors", "Vectors")
    more = _OF_FLORET if "floret" in str(base.mode.__get__(value)) else ()
    found = {name: getattr(base, name).__get__(value) for name in (*_OF_VECTORS, *more)}
    return _node(value, {**found, **attributes(value)})


@reads("spacy.lookups.Table")
def table(value: Any) -> Node:
    """A table by hashes of words; what tells quickly whether a word is in it is no value."""
    return _node(value, {"": dict(value)}, size=("len({})", str(len(value))))


@reads("spacy.strings.StringStore")
def strings(value: Any) -> Node:
    """The strings in it, in whatever order."""
    return Node(type_name(type(value)), tuple(sorted(text.encode("utf-8", "surrogatepass") for text in value)))


@reads(
    "spacy.matcher.matcher.Matcher",
    "spacy.matcher.phrasematcher.PhraseMatcher",
    "spacy.matcher.dependencymatcher.DependencyMatcher",
)
def matcher(value: Any) -> Node:
    """Its patterns, by name."""
    parts = value.__reduce__()[1]
    found = {f"<state {i}>": part for i, part in enumerate(parts[1:])}
    return _node(value, found)


_OF_A_DOC = ("cats", "user_data", "tensor", "user_hooks", "user_token_hooks", "user_span_hooks")


@reads("spacy.tokens.doc.Doc")
def document(value: Any) -> Node:
    """Text and annotations, and what a person noted on it."""
    base = _base("spacy.tokens.doc", "Doc")
    told = base.to_dict(value, exclude=[*_OF_A_DOC, "user_hooks", "strings"])
    found = {name: getattr(base, name).__get__(value) for name in _OF_A_DOC}
    size = ("len({})", str(base.__len__(value)))
    text = clip(told["text"])
    return _node(value, {**told, **found}, size=size, text=lambda: f"<Doc {text}>")


@reads("spacy.kb.kb_in_memory.InMemoryLookupKB", "spacy.pipeline._edit_tree_internals.edit_trees.EditTrees")
def stored(value: Any) -> Node:
    """Names of things with their vectors, or ways to a lemma: as the library stores them, without the vocabulary."""
    return _node(value, {}, value.to_bytes())


@reads("spacy.tokens.morphanalysis.MorphAnalysis")
def morphology(value: Any) -> Node:
    """Features of a word."""
    text = str(value)
    return _node(value, {}, text.encode("utf-8", "surrogatepass"), text=lambda: clip(f"<MorphAnalysis {text}>"))


@reads("spacy.tokens.span.Span")
def span(value: Any) -> Node:
    """From where to where in which document, and as what."""
    own = f"{value.start} {value.end} {value.label_} {value.kb_id_} {value.id_}"
    return _node(value, {"doc": value.doc}, own.encode("utf-8", "surrogatepass"), text=lambda: clip(f"<Span {own}>"))


@reads("spacy.tokens.token.Token")
def token(value: Any) -> Node:
    """Which one of which document."""
    return _node(value, {"doc": value.doc}, b"%d" % value.i, text=lambda: clip(f"<Token {value.text}>"))


@reads("spacy.lexeme.Lexeme")
def lexeme(value: Any) -> Node:
    """A word, and what is noted on it."""
    own = (value.text, value.flags, value.norm_, value.sentiment, value.cluster)
    return _node(value, {}, dumps(own), text=lambda: clip(f"<Lexeme {value.text}>"))


@reads("spacy.training.example.Example")
def example(value: Any) -> Node:
    """What is so, and what was predicted."""
    return _node(value, {"reference": value.reference, "predicted": value.predicted})
