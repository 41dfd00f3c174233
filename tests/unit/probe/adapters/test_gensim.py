"""gensim: models."""

from __future__ import annotations

from gensim.corpora import Dictionary
from gensim.models import Word2Vec

from tests.unit.probe.looking import digest, moved, read

SENTENCES = [["a", "b", "c"], ["b", "c", "d"]] * 20


def trained() -> Word2Vec:
    """A small model, the same each time."""
    return Word2Vec(SENTENCES, vector_size=4, min_count=1, seed=0, workers=1, epochs=1)


def test_a_model_is_what_it_has_learnt() -> None:
    """When that was, and how long it took, is no value; a model that is trained on has learnt more."""
    one, other = trained(), trained()
    assert one.lifecycle_events != other.lifecycle_events
    assert read(one).model
    assert not read(one).opaque
    assert digest(one) == digest(other)
    other.train(SENTENCES, total_examples=other.corpus_count, epochs=1)
    assert moved(one, other)


def test_to_ask_it_changes_nothing() -> None:
    """It keeps the lengths of its vectors from then on."""
    model = trained()
    before = digest(model)
    assert model.wv.most_similar("a", topn=1)
    assert digest(model) == before


def test_a_dictionary_is_its_words() -> None:
    """It keeps a diary as well."""
    assert digest(Dictionary(SENTENCES)) == digest(Dictionary(SENTENCES)) != digest(Dictionary([["z"]]))
