"""thinc and spaCy: networks, pipelines and documents."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.kb import InMemoryLookupKB
from spacy.lookups import Lookups
from spacy.matcher import DependencyMatcher, Matcher, PhraseMatcher
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from thinc.api import (
    SGD,
    Adam,
    Dropout,
    Linear,
    Model,
    PyTorchWrapper,
    Relu,
    Softmax,
    chain,
    fix_random_seed,
    set_dropout_rate,
    warmup_linear,
)

from nbrerun.probe.read import generators
from nbrerun.probe.read.walk import Reader
from tests.unit.probe.looking import digest, moved, paths, read

X = np.random.RandomState(0).normal(size=(20, 4)).astype("f4")
Y = np.eye(3, dtype="f4")[np.arange(20) % 3]


def network() -> Model[Any, Any]:
    """Two layers with their first weights."""
    fix_random_seed(0)
    made: Model[Any, Any] = chain(Relu(5), Softmax(3))
    return made.initialize(X, Y)


def train(model: Any, optimizer: Any, steps: int = 1) -> None:
    """Some steps of training."""
    for _ in range(steps):
        predicted, back = model.begin_update(X)
        back(predicted - Y)
        model.finish_update(optimizer)


def test_a_network_is_its_weights() -> None:
    """Made again it is equal, whatever number it has; trained it is not, and trained in the same way it is again."""
    one, other = network(), network()
    assert one.id != other.id
    assert not read(one).opaque
    assert read(one).kind == "model"
    assert digest(one) == digest(other)
    assert moved(one, other) == {}
    train(one, Adam(0.1))
    assert digest(one) != digest(other)
    train(other, Adam(0.1))
    assert digest(one) == digest(other)


def test_training_is_told_by_layer_and_weight() -> None:
    """`model.layers[0].get_param('W')` by up to a number."""
    one, other = network(), network()
    train(other, Adam(0.1), steps=2)  # the weights of the last layer are zero before the first
    assert (moved(one, other)["x.layers[0].get_param('W')"].max_abs_change or 0) > 0


def test_asking_and_looking_change_nothing() -> None:
    """Neither predicting nor a look move a network."""
    one = network()
    before, stored = digest(one), one.to_bytes()
    one.predict(X)
    paths(one)
    assert digest(one) == before
    assert one.to_bytes() == stored


@pytest.mark.parametrize("make", [Adam, SGD])
def test_a_gradient_that_waits_is_state(make: Callable[[float], Any]) -> None:
    """Gradients add up until a step is made with them; one that is zero is as good as none."""
    one, other = network(), network()
    before = digest(one)
    predicted, back = one.begin_update(X)
    back(predicted - Y)
    assert digest(one) != before
    assert "x.layers[1].get_grad('W')" in paths(one)
    one.finish_update(make(0.0))
    assert not any("get_grad" in path for path in paths(one))
    other.finish_update(make(0.0))
    assert digest(one) == digest(other)


def test_the_rate_of_dropout_is_a_setting_of_a_network() -> None:
    """Of a layer, and of all layers of a network at once."""
    made: list[Model[Any, Any]] = [Dropout(0.2), Dropout(0.2), Dropout(0.5)]
    assert digest(made[0]) == digest(made[1]) != digest(made[2])
    networks: list[Model[Any, Any]] = [chain(Linear(3), Dropout(0.2)) for _ in range(2)]
    set_dropout_rate(networks[1], 0.9)
    assert "x.layers[1].attrs['dropout_rate']" in moved(*networks)


def test_layers_that_have_a_name_are_told_by_their_place() -> None:
    """Which layer a name stands for is value, and by it a layer is no different."""
    made: list[Model[Any, Any]] = []
    for name in (0, 0, 1):
        made.append(chain(Linear(3), Linear(3)))
        made[-1]._refs["first"] = made[-1].layers[name]
    assert digest(made[0]) == digest(made[1]) != digest(made[2])


def test_the_network_of_another_library() -> None:
    """PyTorch's modules keep their parameters to themselves."""

    def wrapped() -> Any:
        torch.manual_seed(0)
        return PyTorchWrapper(torch.nn.Linear(4, 3))

    one, other = wrapped(), wrapped()
    assert not read(one).opaque
    assert digest(one) == digest(other)
    train(one, Adam(0.1))
    assert digest(one) != digest(other)
    assert "x.shims[0]._model.weight" in moved(one, other)


def test_a_rate_that_falls_is_part_of_an_optimizer() -> None:
    """How far its schedule is."""
    one, other = (Adam(warmup_linear(0.1, 2, 10)) for _ in range(2))
    assert digest(one) == digest(other)
    other.step_schedules()
    assert "x.learn_rate" in moved(one, other)
    for _ in range(30):
        other.step_schedules()
    before = digest(other)
    other.step_schedules()
    assert other.learn_rate == 0
    assert digest(other) != before


def test_layers_sizes_and_notes_are_value() -> None:
    """Before any weight is made, too."""
    made: list[Model[Any, Any]] = [Linear(3), Linear(4), Relu(3), chain(Linear(3), Linear(3)), Linear(3, 2)]
    noted: Model[Any, Any] = Linear(3)
    noted.attrs["note"] = [1]
    made.append(noted)
    assert len(set(map(digest, made))) == len(made)
    assert "x.attrs['note']" in paths(noted)


def test_an_optimizer_is_its_moments() -> None:
    """As many steps on the same network are equal, whatever numbers the networks have."""
    optimizers = [Adam(0.1), Adam(0.1), Adam(0.1)]
    fresh = digest(optimizers[0])
    assert fresh == digest(optimizers[1]) != digest(Adam(0.2))
    for optimizer, steps in zip(optimizers, (1, 1, 2), strict=True):
        train(network(), optimizer, steps)
    assert len({fresh, *map(digest, optimizers)}) == 3
    assert digest(optimizers[0]) == digest(optimizers[1])
    assert read(optimizers[0]).kind == "model"


TEXTS = [("good fun", {"POS": 1.0, "NEG": 0.0}), ("bad trash", {"POS": 0.0, "NEG": 1.0})]


BAG = {
    "@architectures": "spacy.TextCatBOW.v3",
    "exclusive_classes": True,
    "ngram_size": 1,
    "no_output_layer": False,
    "length": 64,
}


def texts() -> Any:
    """A pipeline that sorts texts."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("textcat", config={"model": BAG})
    for label in ("POS", "NEG"):
        pipe.add_label(label)
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc(text), {"cats": cats}) for text, cats in TEXTS])
    return nlp


def names() -> Any:
    """A pipeline that finds names."""
    return trained("ner")()


NOTED = {
    "tags": ["A", "B", "C"],
    "pos": ["NOUN", "VERB", "NOUN"],
    "lemmas": ["good", "be", "here"],
    "morphs": ["Number=Sing", "", ""],
    "heads": [1, 1, 1],
    "deps": ["a", "ROOT", "c"],
    "sent_starts": [1, 0, 0],
    "entities": [(0, 4, "PLACE")],
    "cats": {"POS": 1.0, "NEG": 0.0},
    "spans": {"sc": [(0, 4, "THING")]},
}
SETTINGS = {"parser": {"min_action_freq": 1}, "trainable_lemmatizer": {"min_tree_freq": 1}}
LISTENER = {
    "@architectures": "spacy.Tagger.v2",
    "tok2vec": {"@architectures": "spacy.Tok2VecListener.v1", "width": 96},
}


def noted(nlp: Any) -> list[Any]:
    """A text with notes of every kind."""
    return [Example.from_dict(nlp.make_doc("good fun here"), NOTED)]


def trained(*factories: str) -> Callable[[], Any]:
    """Makes a pipeline of components with their first weights; those after a `tok2vec` listen to it."""

    def make() -> Any:
        fix_random_seed(0)
        nlp = spacy.blank("en")
        for factory in factories:
            listens = factory == "tagger" and "tok2vec" in factories
            nlp.add_pipe(factory, config={"model": LISTENER} if listens else SETTINGS.get(factory, {}))
        nlp.initialize(lambda: noted(nlp))
        return nlp

    return make


def learn(nlp: Any, **given: Any) -> None:
    """A step of training."""
    fix_random_seed(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nlp.update(noted(nlp), **given)


LEARNING: dict[str, Callable[[], Any]] = {
    "texts": texts,
    "ner": names,
    "listeners": trained("tok2vec", "tagger"),
    **{
        name: trained(name)
        for name in (
            *("textcat", "textcat_multilabel", "tagger", "morphologizer", "parser", "senter"),
            *("trainable_lemmatizer", "spancat", "span_finder"),
        )
    },
}


@pytest.mark.parametrize("make", LEARNING.values(), ids=LEARNING)
def test_a_pipeline_that_learns(make: Callable[[], Any]) -> None:
    """Made again it is equal; a step of training on is seen, in the weights of its component."""
    one, other = make(), make()
    assert not read(one).opaque
    assert read(one).kind == "model"
    assert digest(one) == digest(other)
    learn(one)
    assert digest(one) != digest(other)
    changes = moved(other, one)
    name = one.pipe_names[-1]
    assert any(path.startswith(f"x.get_pipe('{name}').model") and "get_param" in path for path in changes)
    learn(other)
    assert digest(one) == digest(other)


@pytest.mark.parametrize("make", [texts, names, LEARNING["listeners"], LEARNING["trainable_lemmatizer"]])
def test_processing_texts_is_no_change(make: Callable[[], Any], tmp_path: Path) -> None:
    """Words new to the vocabulary, what is told of the pipeline when asked, and saving are not what it learnt."""
    nlp = make()
    learn(nlp, drop=0.3)
    before = digest(nlp)
    assert len(nlp("some words never met before")) == 5
    assert len(list(nlp.pipe(["more words", "one by one"]))) == 2
    assert nlp.meta
    assert nlp.config
    nlp.to_disk(tmp_path)
    assert digest(nlp) == before


def test_looking_at_a_pipeline_is_no_change() -> None:
    """What it is stored as is the same before and after, and it has met no new word."""
    nlp = names()
    stored, strings, words = nlp.to_bytes(), len(nlp.vocab.strings), len(nlp.vocab)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(paths(nlp)) > 50
    assert (nlp.to_bytes(), len(nlp.vocab.strings), len(nlp.vocab)) == (stored, strings, words)


def test_a_stored_pipeline_comes_back_as_it_was(tmp_path: Path) -> None:
    """All but the optimizer, which is not stored, and the place on the disk is no value."""
    nlp = texts()
    learn(nlp)
    loaded = []
    for name in ("a", "b"):
        nlp.to_disk(tmp_path / name)
        loaded.append(spacy.load(tmp_path / name))
    assert digest(loaded[0]) == digest(loaded[1])
    nlp._optimizer = None
    assert digest(nlp) == digest(loaded[0])


def test_an_optimizer_is_part_of_the_pipeline_that_made_it() -> None:
    """Its moments move in training; `resume_training` goes on with it, and keeps the network to rehearse with."""
    one, other = names(), names()
    learn(one)
    before = digest(one._optimizer)
    assert {"len(x._optimizer.mom1)", "len(x._optimizer.mom2)"} <= set(moved(other, one))
    learn(one)
    assert digest(one._optimizer) != before
    before = digest(one)
    assert digest(one.resume_training()) == digest(one._optimizer)
    assert any("_rehearsal_model" in path for path in paths(one))
    assert digest(one) != before


def test_gradients_of_a_pipeline_wait_where_no_step_is_made() -> None:
    """`nlp.update(examples, sgd=False)`."""
    one, other = names(), names()
    learn(one, sgd=False)
    assert any("get_grad" in path for path in moved(other, one))


def test_seeding_is_seen_in_the_generators_of_python_numpy_and_torch() -> None:
    """`spacy.util.fix_random_seed` puts all of them to the same place again."""
    stands = []
    for seed in (0, 0, 1):
        spacy.util.fix_random_seed(seed)
        reader = Reader()
        generators.read_global(reader)
        stands.append({found.name: found.state for found in reader.generators.values()})
    names = {"random", "numpy.random", "torch"}
    assert names <= set(stands[0])
    assert stands[0] == stands[1]
    assert all(stands[0][name] != stands[2][name] for name in names)


PIPES: dict[str, Callable[[Any], Any]] = {
    "a component more": lambda nlp: nlp.add_pipe("sentencizer"),
    "a component less": lambda nlp: nlp.remove_pipe("textcat"),
    "one switched off": lambda nlp: nlp.disable_pipe("textcat"),
    "a name": lambda nlp: nlp.rename_pipe("textcat", "other"),
    "a label": lambda nlp: nlp.get_pipe("textcat").cfg.update(threshold=0.9),
    "a special case": lambda nlp: nlp.tokenizer.add_special_case("gimme", [{"ORTH": "gim"}, {"ORTH": "me"}]),
    "a pattern": lambda nlp: setattr(nlp.tokenizer, "suffix_search", None),
    "vectors": lambda nlp: nlp.vocab.set_vector("word", np.ones(3, "f4")),
    "a word": lambda nlp: setattr(nlp.vocab["btw"], "is_stop", True),
    "the norm of a word": lambda nlp: setattr(nlp.vocab["btw"], "norm_", "by the way"),
    "a table": lambda nlp: nlp.vocab.lookups.add_table("more", {"a": "b"}),
    "the longest text": lambda nlp: setattr(nlp, "max_length", 10),
    "how to train": lambda nlp: nlp.config["training"].update(dropout=0.9),
    "a note": lambda nlp: nlp.meta.update(author="somebody"),
    "a way to tell words": lambda nlp: nlp.vocab.add_flag(lambda text: True),
}


@pytest.mark.parametrize("case", PIPES)
def test_each_kind_of_change_of_a_pipeline_is_seen(case: str) -> None:
    """Components, names, settings, the tokenizer and vectors are value, and there is a change to show."""
    one, other = texts(), texts()
    PIPES[case](other)
    assert digest(one) == digest(texts()) != digest(other)
    assert moved(one, other)


def test_rules_of_a_pipeline_are_read() -> None:
    """Patterns of a ruler, of a matcher and of one for phrases."""
    ruled = []
    for word in ("paris", "paris", "rome"):
        nlp = spacy.blank("en")
        nlp.add_pipe("entity_ruler").add_patterns([{"label": "PLACE", "pattern": [{"LOWER": word}]}])
        matcher, phrases, trees = Matcher(nlp.vocab), PhraseMatcher(nlp.vocab), DependencyMatcher(nlp.vocab)
        matcher.add("M", [[{"LOWER": word}]])
        phrases.add("P", [nlp.make_doc(word)])
        trees.add("T", [[{"RIGHT_ID": "a", "RIGHT_ATTRS": {"LOWER": word}}]])
        ruled.append((nlp, matcher, phrases, trees))
    for one, same, other in zip(*ruled, strict=True):
        assert not read(one).opaque
        assert digest(one) == digest(same) != digest(other)


def lemmatizer(lemma: str) -> Any:
    """A pipeline that looks up what a word is a form of."""
    nlp = spacy.blank("en")
    tables = Lookups()
    tables.add_table("lemma_lookup", {"is": lemma})
    nlp.add_pipe("lemmatizer", config={"mode": "lookup"}).initialize(lookups=tables)
    return nlp


def things(chance: float) -> Any:
    """Names of things, for a pipeline that links them."""
    known = InMemoryLookupKB(spacy.blank("en").vocab, entity_vector_length=3)
    known.add_entity("Q1", freq=5, entity_vector=[1, 2, 3])
    known.add_alias("good", ["Q1"], [chance])
    return known


def bag(text: str) -> Any:
    """A store of documents."""
    made = DocBin()
    made.add(document(text))
    return made


def features(text: str) -> Any:
    """Those of a word."""
    doc = document()
    doc[0].set_morph(text)
    return doc[0].morph


STORES: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "lemmas": (lambda: lemmatizer("be"), lambda: lemmatizer("was")),
    "things": (lambda: things(0.5), lambda: things(0.6)),
    "documents": (lambda: bag("a b"), lambda: bag("a c")),
    "features": (lambda: features("Number=Sing"), lambda: features("Number=Plur")),
    "a vocabulary": (lambda: spacy.blank("en").vocab, lambda: spacy.blank("de").vocab),
}


@pytest.mark.parametrize("case", STORES)
def test_stores_are_read(case: str) -> None:
    """Tables, names of things, documents put away, features of words."""
    make, other = STORES[case]
    assert not read(make()).opaque
    assert digest(make()) == digest(make()) != digest(other())


def test_lemmas_already_found_are_no_value() -> None:
    """A lemmatizer that goes by rules keeps them."""
    nlp = spacy.blank("en")
    tables = Lookups()
    for name, table in {"index": {"noun": ["dog"]}, "exc": {"noun": {}}, "rules": {"noun": [["s", ""]]}}.items():
        tables.add_table("lemma_" + name, table)
    pipe = nlp.add_pipe("lemmatizer", config={"mode": "rule"})
    pipe.initialize(lookups=tables)
    before = digest(nlp)
    assert pipe(Doc(nlp.vocab, words=["dogs"], pos=["NOUN"]))[0].lemma_ == "dog"
    assert pipe.cache
    assert digest(nlp) == before


def test_one_more_stop_word_is_seen() -> None:
    """`nlp.Defaults.stop_words.add(...)`, which the vocabulary goes by."""
    nlp = spacy.blank("en")
    before = digest(nlp)
    nlp.Defaults.stop_words.add("btw")
    try:
        assert digest(nlp) != before
    finally:
        nlp.Defaults.stop_words.discard("btw")
    assert digest(nlp) == before


def document(text: str = "Paris is here now") -> Any:
    """A text cut into words."""
    return spacy.blank("en")(text)


NOTES: dict[str, Callable[[Any], Any]] = {
    "an entity": lambda doc: doc.set_ents([doc.char_span(0, 5, label="PLACE")]),
    "a score": lambda doc: doc.cats.update(POS=1.0),
    "a note": lambda doc: doc.user_data.update(source=["there"]),
    "a kind of word": lambda doc: setattr(doc[0], "pos_", "NOUN"),
    "a span": lambda doc: doc.spans.update({"s": [doc[0:2]]}),
    "a hook": lambda doc: doc.user_hooks.update(similarity=max),
    "the norm of a word": lambda doc: setattr(doc[0], "norm_", "p"),
    "the name of a thing": lambda doc: doc.set_ents([Span(doc, 0, 1, "PLACE", kb_id="Q1")]),
    "numbers": lambda doc: setattr(doc, "tensor", np.ones((4, 2), "f4")),
}


@pytest.mark.parametrize("case", NOTES)
def test_a_document_is_its_text_and_annotations(case: str) -> None:
    """Each kind of annotation is value, and there is a change to show."""
    one, other = document(), document()
    assert not read(one).opaque
    NOTES[case](other)
    assert digest(one) == digest(document()) != digest(other)
    assert moved(one, other)


def test_looking_at_a_document_warns_of_nothing() -> None:
    """Hooks, which spaCy cannot store, are read apart."""
    doc = document()
    doc.user_hooks["similarity"] = max
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "x.user_hooks['similarity']" in paths(doc)


def test_parts_of_documents_are_values() -> None:
    """Words, spans and entries of the vocabulary; another text is another document."""
    one, other = document(), document("Paris was here now")
    assert digest(one) != digest(other)
    made = [one[0], one[1], one[0:2], one[0:3], one[0].lex, one[1].lex, other[0], one.vocab.strings]
    assert not any(read(each).opaque for each in made)
    assert len(set(map(digest, made))) == len(made)
    assert digest(document()[0:2]) == digest(one[0:2])
    word = document().vocab["Paris"]
    before = digest(word)
    word.is_stop = True
    assert digest(word) != before
    examples = [Example(Doc(one.vocab, words=["a"]), Doc(one.vocab, words=[word])) for word in ("a", "b")]
    assert digest(examples[0]) != digest(examples[1])
