"""thinc and spaCy: networks, pipelines, and documents.

The vocabulary and the string store of a pipeline grow with every text that is processed. Their value is the vectors,
the tables, and the words with attributes that were set by hand.
"""

from __future__ import annotations

import functools
import sys
from typing import Any, Dict, FrozenSet, List, Tuple

from ..describe.node import Node, attribute_label, clip, dumps, reads, type_name
from .generic import attributes, derives, is_user_class


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
    """Return a class of the library, to call its methods and not those of a subclass by the user."""
    return getattr(sys.modules[module], name)


def _without(value: Any, *names: str) -> Dict[str, Any]:
    return {name: item for name, item in sorted(attributes(value).items()) if name not in names}


_SET_BY_EVERY_CALL = "dropout_rate"
"""An attribute of layers that spaCy sets before training, and to zero before a prediction."""


class _Inside:
    """A network in a pipeline, or a layer of one."""

    __slots__ = ("layer",)

    def __init__(self, layer: Any) -> None:
        self.layer = layer


@reads(f"{__name__}._Inside")
def inside(value: _Inside) -> Node:
    """A layer in a pipeline, without the attribute that every call sets."""
    return _layer(value.layer, frozenset({_SET_BY_EVERY_CALL}))


@reads("thinc.model.Model")
def model(value: Any) -> Node:
    """A model, by weights, waiting gradients, sizes and layers, without its number."""
    return _layer(value, frozenset())


def _layer(value: Any, apart: FrozenSet[str]) -> Node:
    """Describe a layer, without attributes of certain names in itself and in its layers."""
    own, base = attributes(value), _base("thinc.model", "Model")
    filled: Dict[str, Any] = own["_has_params"]
    found: Dict[str, Any] = {
        f"get_param({name!r})": base.get_param(value, name) if filled[name] else None for name in filled
    }
    # Gradients add up until an optimizer's step uses them, and are zero after it.
    waiting = {name: base.get_grad(value, name) for name in filled if base.has_grad(value, name)}
    found.update({f"get_grad({name!r})": gradient for name, gradient in waiting.items() if gradient.any()})
    found["attrs"] = {name: item for name, item in own["_attrs"].items() if name not in apart}
    found.update(_dims=own["_dims"], _func=own["_func"])
    layers = [_inside(layer) if apart else layer for layer in own["_layers"]]
    found.update({f"layers[{i}]": layer for i, layer in enumerate(layers)})
    found.update({f"shims[{i}]": shim for i, shim in enumerate(own["_shims"])})
    refs = dumps(sorted(_places(value, own["_refs"]).items()))
    return _node(value, found, refs, kind="model", text=lambda: clip(f"<Model {own['name']}>"))


def _inside(layer: Any) -> Any:
    return _Inside(layer) if derives(layer, _base("thinc.model", "Model")) else layer


def _places(value: Any, refs: Dict[str, Any]) -> Dict[str, int]:
    """Return the places of layers with a name of their own, among all layers."""
    if not refs:
        return {}
    place = {id(layer): i for i, layer in enumerate(_base("thinc.model", "Model").walk(value))}
    return {name: place.get(id(layer), -1) for name, layer in refs.items()}


@reads("thinc.shims.shim.Shim")
def shim(value: Any) -> Node:
    """A wrapped network of another library."""
    return _node(value, _without(value, "id", "name", "ops"), kind="model")


_PER_MODEL = ("mom1", "mom2", "averages", "nr_update", "last_seen")


@reads("thinc.optimizers.Optimizer")
def optimizer(value: Any) -> Node:
    """An optimizer, by settings and moments; models have numbers in it, of which only the order counts."""
    found = _without(value, "_radam_buffer")
    kept = {name: found[name] for name in _PER_MODEL if found.get(name)}
    numbers = sorted({key[0] for moments in kept.values() for key in moments if isinstance(key, tuple)})
    order = {number: i for i, number in enumerate(numbers)}
    for name, moments in kept.items():
        found[name] = {
            (order[key[0]], *key[1:]) if isinstance(key, tuple) else key: item for key, item in moments.items()
        }
    return _node(value, found, kind="model")


_ORIGIN = ("_config", "_meta", "_path", "_pipe_meta", "_pipe_configs", "_components")
"""Where a pipeline and its components come from; the components are read themselves."""


@reads("spacy.language.Language")
def language(value: Any) -> Node:
    """A pipeline, by its components, tokenizer and settings, and by attributes that were set on it."""
    own = attributes(value)
    pipes: List[Any] = own["_components"]
    found = {**_without(value, *_ORIGIN), "config": _config(own["_config"]), "meta": _meta(own["_meta"])}
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
    """Return the settings of the training; spaCy derives the others from the components."""
    found = {name: section for name, section in config.items() if name not in ("nlp", "components")}
    training = found.get("training") or {}
    return {**found, "training": {name: item for name, item in training.items() if name != "score_weights"}}


# spaCy fills these in when `nlp.meta` is asked for, and the defaults below if the user has given no others.
_FILLED_IN = frozenset("lang spacy_version spacy_git_version vectors labels pipeline components disabled".split())
_UNSET = ("", "pipeline", "0.0.0")


def _meta(meta: Dict[str, Any]) -> Dict[str, Any]:
    named = {name: item for name, item in meta.items() if name not in _FILLED_IN}
    return {name: item for name, item in named.items() if not (type(item) is str and item in _UNSET)}


@reads("spacy.pipeline.trainable_pipe.TrainablePipe")
def trainable(value: Any) -> Any:
    """A trainable component, by its network, labels and settings."""
    if is_user_class(type(value)):
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
    """A component that is not trained."""
    return None if is_user_class(type(value)) else _node(value, _other(value))


_AROUND = ("nlp", "vocab", "listener_map", "scorer", "matcher_fuzzy_compare", "cache", "_validated", "model", "cfg")


def _other(value: Any) -> Dict[str, Any]:
    """Return the attributes of a component except for its pipeline, its caches, and functions that only score."""
    return _without(value, *_AROUND, "name", "_rehearsal_model")


_RULES = ("prefix_search", "suffix_search", "infix_finditer", "token_match", "url_match", "faster_heuristics")


@reads("spacy.tokenizer.Tokenizer")
def tokenizer(value: Any) -> Node:
    """A tokenizer, by its patterns and special cases, without its cache of words."""
    base = _base("spacy.tokenizer", "Tokenizer")
    special = sorted(base.rules.__get__(value).items())
    found = {name: getattr(base, name).__get__(value) for name in _RULES}
    return _node(value, {**found, **attributes(value)}, dumps(special), size=("len({}.rules)", str(len(special))))


@reads("spacy.vocab.Vocab")
def vocabulary(value: Any) -> Node:
    """A vocabulary, by vectors, tables, attribute getters, and words whose attributes were set by hand."""
    getters = value.lex_attr_getters or {}
    found = {"vectors": value.vectors, "lookups": value.lookups, "cfg": value.cfg, "lex_attr_getters": getters}
    return _node(value, {**found, "<words>": _set_by_hand(value, getters)})


_NORM = 67  # spacy.attrs.NORM
_FIRST_THAT_IS_NO_FLAG = 64  # attributes below this are bits of `Lexeme.flags` (spacy.attrs)


def _set_by_hand(value: Any, getters: Dict[int, Any]) -> Dict[str, Tuple[Any, ...]]:
    """Return the words with attributes that do not follow from their text: `nlp.vocab['btw'].is_stop = True`."""
    # Getters of the user's are not called; spaCy's are functions, or `functools.partial` of them.
    functions = {n: getter.func if type(getter) is functools.partial else getter for n, getter in getters.items()}
    spacys = {n for n, each in functions.items() if str(getattr(each, "__module__", "")).startswith("spacy.")}
    own = {number: getter for number, getter in getters.items() if number in spacys}
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


_OF_VECTORS = ("name", "mode", "attr", "data", "key2row")
_OF_FLORET = ("minn", "maxn", "hash_count", "hash_seed", "bow", "eow")
"""How rows are found for parts of words (floret); vectors of whole words do not use these."""


@reads("spacy.vectors.Vectors")
def vectors(value: Any) -> Node:
    """Vectors, by numbers and rows, and the settings by which words without a row get a vector."""
    base = _base("spacy.vectors", "Vectors")
    more = _OF_FLORET if "floret" in str(base.mode.__get__(value)) else ()
    found = {name: getattr(base, name).__get__(value) for name in (*_OF_VECTORS, *more)}
    return _node(value, {**found, **attributes(value)})


@reads("spacy.lookups.Table")
def table(value: Any) -> Node:
    """A table by hashes of words, without the Bloom filter that speeds up its look-ups."""
    return _node(value, {"": dict(value)}, size=("len({})", str(len(value))))


@reads("spacy.strings.StringStore")
def strings(value: Any) -> Node:
    """A string store, by its strings in no particular order."""
    return Node(type_name(type(value)), tuple(sorted(text.encode("utf-8", "surrogatepass") for text in value)))


@reads(
    "spacy.matcher.matcher.Matcher",
    "spacy.matcher.phrasematcher.PhraseMatcher",
    "spacy.matcher.dependencymatcher.DependencyMatcher",
)
def matcher(value: Any) -> Node:
    """A matcher, by its patterns."""
    parts = value.__reduce__()[1]
    found = {f"<state {i}>": part for i, part in enumerate(parts[1:])}
    return _node(value, found)


_OF_A_DOC = ("cats", "user_data", "tensor", "user_hooks", "user_token_hooks", "user_span_hooks")


@reads("spacy.tokens.doc.Doc")
def document(value: Any) -> Node:
    """A document, by its text and annotations, and by data that the user added."""
    base = _base("spacy.tokens.doc", "Doc")
    annotations = base.to_dict(value, exclude=[*_OF_A_DOC, "user_hooks", "strings"])
    found = {name: getattr(base, name).__get__(value) for name in _OF_A_DOC}
    size = ("len({})", str(base.__len__(value)))
    text = clip(annotations["text"])
    return _node(value, {**annotations, **found}, size=size, text=lambda: f"<Doc {text}>")


@reads("spacy.kb.kb_in_memory.InMemoryLookupKB", "spacy.pipeline._edit_tree_internals.edit_trees.EditTrees")
def stored(value: Any) -> Node:
    """A knowledge base or edit trees, as spaCy serializes them, without the vocabulary."""
    return _node(value, {}, value.to_bytes())


@reads("spacy.tokens.morphanalysis.MorphAnalysis")
def morphology(value: Any) -> Node:
    """The morphological features of a word."""
    text = str(value)
    return _node(value, {}, text.encode("utf-8", "surrogatepass"), text=lambda: clip(f"<MorphAnalysis {text}>"))


@reads("spacy.tokens.span.Span")
def span(value: Any) -> Node:
    """A span, by its document, position and labels."""
    own = f"{value.start} {value.end} {value.label_} {value.kb_id_} {value.id_}"
    return _node(value, {"doc": value.doc}, own.encode("utf-8", "surrogatepass"), text=lambda: clip(f"<Span {own}>"))


@reads("spacy.tokens.token.Token")
def token(value: Any) -> Node:
    """A token, by its document and position."""
    return _node(value, {"doc": value.doc}, b"%d" % value.i, text=lambda: clip(f"<Token {value.text}>"))


@reads("spacy.lexeme.Lexeme")
def lexeme(value: Any) -> Node:
    """A word of the vocabulary, with its attributes."""
    own = (value.text, value.flags, value.norm_, value.sentiment, value.cluster)
    return _node(value, {}, dumps(own), text=lambda: clip(f"<Lexeme {value.text}>"))


@reads("spacy.training.example.Example")
def example(value: Any) -> Node:
    """A training example, by its reference and its predicted document."""
    return _node(value, {"reference": value.reference, "predicted": value.predicted})
