"""thinc and spaCy: networks, pipelines and documents."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.matcher import Matcher, PhraseMatcher
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, Linear, Model, Relu, Softmax, chain, fix_random_seed

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
    train(other, Adam(0.1))
    assert (moved(one, other)["x.layers[0].get_param('W')"].max_abs_change or 0) > 0


def test_asking_and_looking_change_nothing() -> None:
    """Neither predicting nor gradients that wait nor a look move a network."""
    one = network()
    before, stored = digest(one), one.to_bytes()
    one.predict(X)
    predicted, back = one.begin_update(X)
    back(predicted - Y)
    paths(one)
    assert digest(one) == before
    assert one.to_bytes() == stored


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
    fix_random_seed(0)
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("ner")
    pipe.add_label("PLACE")
    nlp.initialize()
    return nlp


def learn(nlp: Any) -> None:
    """A step of training."""
    fix_random_seed(1)
    made = [{"cats": cats} if "textcat" in nlp.pipe_names else {"entities": [(0, 3, "PLACE")]} for _, cats in TEXTS]
    examples = [Example.from_dict(nlp.make_doc(text), note) for (text, _), note in zip(TEXTS, made, strict=True)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nlp.update(examples)


@pytest.mark.parametrize("make", [texts, names])
def test_a_pipeline_that_learns(make: Callable[[], Any]) -> None:
    """Made again it is equal; a step of training on is seen, in the weights of its component."""
    one, other = make(), make()
    assert not read(one).opaque
    assert read(one).kind == "model"
    assert digest(one) == digest(other)
    learn(one)
    assert digest(one) != digest(other)
    changes = moved(other, one)
    (name,) = one.pipe_names
    assert any(path.startswith(f"x.get_pipe('{name}').model") and "get_param" in path for path in changes)
    learn(other)
    assert digest(one) == digest(other)


@pytest.mark.parametrize("make", [texts, names])
def test_processing_texts_is_no_change(make: Callable[[], Any]) -> None:
    """Words that are new to the vocabulary, and what is told of the pipeline when asked, are not what it learnt."""
    nlp = make()
    before = digest(nlp)
    assert len(nlp("some words never met before")) == 5
    assert nlp.meta
    assert nlp.config
    assert digest(nlp) == before


PIPES: dict[str, Callable[[Any], Any]] = {
    "a component more": lambda nlp: nlp.add_pipe("sentencizer"),
    "a component less": lambda nlp: nlp.remove_pipe("textcat"),
    "one switched off": lambda nlp: nlp.disable_pipe("textcat"),
    "a name": lambda nlp: nlp.rename_pipe("textcat", "other"),
    "a label": lambda nlp: nlp.get_pipe("textcat").cfg.update(threshold=0.9),
    "a special case": lambda nlp: nlp.tokenizer.add_special_case("gimme", [{"ORTH": "gim"}, {"ORTH": "me"}]),
    "vectors": lambda nlp: nlp.vocab.set_vector("word", np.ones(3, "f4")),
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
        matcher, phrases = Matcher(nlp.vocab), PhraseMatcher(nlp.vocab)
        matcher.add("M", [[{"LOWER": word}]])
        phrases.add("P", [nlp.make_doc(word)])
        ruled.append((nlp, matcher, phrases))
    for one, same, other in zip(*ruled, strict=True):
        assert not read(one).opaque
        assert digest(one) == digest(same) != digest(other)


def document(text: str = "Paris is here now") -> Any:
    """A text cut into words."""
    return spacy.blank("en")(text)


NOTES: dict[str, Callable[[Any], Any]] = {
    "an entity": lambda doc: doc.set_ents([doc.char_span(0, 5, label="PLACE")]),
    "a score": lambda doc: doc.cats.update(POS=1.0),
    "a note": lambda doc: doc.user_data.update(source=["there"]),
    "a kind of word": lambda doc: setattr(doc[0], "pos_", "NOUN"),
    "a span": lambda doc: doc.spans.update({"s": [doc[0:2]]}),
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


def test_parts_of_documents_are_values() -> None:
    """Words, spans and entries of the vocabulary; another text is another document."""
    one, other = document(), document("Paris was here now")
    assert digest(one) != digest(other)
    made = [one[0], one[1], one[0:2], one[0:3], one[0].lex, one[1].lex, other[0], one.vocab.strings]
    assert not any(read(each).opaque for each in made)
    assert len(set(map(digest, made))) == len(made)
    assert digest(document()[0:2]) == digest(one[0:2])
    examples = [Example(Doc(one.vocab, words=["a"]), Doc(one.vocab, words=[word])) for word in ("a", "b")]
    assert digest(examples[0]) != digest(examples[1])
