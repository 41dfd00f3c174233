"""transformers, tokenizers and accelerate: models made from a configuration, what cuts texts, and the trainer."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertTokenizer,
    CTRLTokenizer,
    GenerationConfig,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
    set_seed,
)

from tests.unit.probe.looking import digest, moved, paths, read

IDS = torch.tensor([[1, 2, 3], [4, 5, 6]])


@pytest.fixture(autouse=True)
def _quiet() -> None:
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def bert_config(**more: Any) -> BertConfig:
    """A tiny one."""
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    return BertConfig(vocab_size=20, max_position_embeddings=8, **sizes, **more)


def bert(**more: Any) -> Any:
    """Sorts texts."""
    set_seed(0)
    return BertForSequenceClassification(bert_config(**more))


def gpt() -> Any:
    """Goes on with texts; two of its layers share their weights."""
    set_seed(0)
    return GPT2LMHeadModel(
        GPT2Config(vocab_size=20, n_embd=8, n_layer=1, n_head=2, n_positions=16, bos_token_id=0, eos_token_id=1)
    )


LABELS = {bert: torch.tensor([0, 1]), gpt: IDS}
MODELS = pytest.mark.parametrize("make", [bert, gpt])


def step(model: Any, labels: Any) -> Any:
    """One step of training."""
    set_seed(1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.train()
    model(IDS, labels=labels).loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return model


@MODELS
def test_a_model_is_its_weights_and_settings(make: Callable[[], Any]) -> None:
    """Made again it is equal, trained on it is not, and trained in the same way it is again."""
    one, other = make(), make()
    assert read(one).kind == "model"
    assert not read(one).opaque
    assert digest(one) == digest(other)
    step(one, LABELS[make])
    changes = moved(other, one)
    assert max(change.max_abs_change or 0 for path, change in changes.items() if path.endswith("weight")) > 0
    assert digest(one) == digest(step(other, LABELS[make]))


@MODELS
def test_asking_and_looking_change_nothing(make: Callable[[], Any]) -> None:
    """Neither answers, nor generating, nor showing, nor a look."""
    model = make().eval()
    before = digest(model)
    with torch.no_grad():
        answer = model(IDS)
    if make is gpt:
        assert model.generate(IDS, max_new_tokens=2, pad_token_id=0).shape[0] == 2
    repr(model)
    repr(model.config)
    attributes = sorted(vars(model)), sorted(vars(model.config))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(paths(model)) > 100
        assert not read(answer).opaque
    assert (sorted(vars(model)), sorted(vars(model.config))) == attributes
    assert digest(model) == before
    with torch.no_grad():
        assert digest(answer) == digest(model(IDS))


@MODELS
def test_a_stored_model_comes_back_as_it_was(make: Callable[[], Any], tmp_path: Path) -> None:
    """Saving is no change, and neither where a model is from nor that it was loaded is value."""
    model = make().eval()
    before = digest(model)
    loaded = []
    for name in ("a", "b"):
        model.save_pretrained(tmp_path / name)
        loaded.append(type(model).from_pretrained(tmp_path / name))
    assert digest(model) == before
    assert [digest(each) for each in loaded] == [before, before]
    with torch.no_grad():
        next(loaded[0].parameters())[0] += 1
    assert digest(loaded[0]) != before


SETTINGS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a setting": (lambda model: setattr(model.config, "use_cache", False), "x.config.use_cache"),
    "names of labels": (lambda model: model.config.id2label.update({0: "good"}), "x.config.id2label[0]"),
    "the type of weights": (lambda model: setattr(model.config, "dtype", torch.float16), "x.config.dtype"),
    "how to go on": (lambda model: setattr(model.generation_config, "top_k", 5), "x.generation_config.top_k"),
    "the mode": (lambda model: model.train(), "x.training"),
    "another head": (lambda model: model.resize_token_embeddings(21), "x.config.vocab_size"),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_settings_of_a_model_are_value(case: str) -> None:
    """Each is named as one types it."""
    change, path = SETTINGS[case]
    one, other = gpt().eval(), gpt().eval()
    change(other)
    assert digest(one) != digest(other)
    assert path in moved(one, other)


def test_configurations_are_values() -> None:
    """Equal ones are equal, whatever version wrote them and whatever model they came with."""
    assert digest(bert_config()) == digest(bert_config()) != digest(bert_config(layer_norm_eps=0.1))
    assert digest(bert_config(dtype="float16")) == digest(bert_config(dtype=torch.float16)) != digest(bert_config())
    assert digest(GenerationConfig(top_p=0.5)) == digest(GenerationConfig(top_p=0.5)) != digest(GenerationConfig())
    one, other = bert_config(), bert_config()
    other.transformers_version, other.architectures, other._name_or_path = "0.0", ["A"], "there"
    assert digest(one) == digest(other)
    assert read(one).kind == "data"


def test_the_attributes_of_a_tensor_that_is_no_buffer_are_value() -> None:
    """Only what a module knows as well is left out."""
    one, other = torch.ones(2), torch.ones(2)
    other.persistent = True  # type: ignore[attr-defined]
    assert digest(one) != digest(other)
    assert "x.persistent" in paths(other)
    other._is_buffer = True  # type: ignore[attr-defined]
    assert digest(one) == digest(other)


WORDS = {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "[PAD]": 3, "good": 4, "bad": 5, "film": 6}


def cutter(*words: str) -> Tokenizer:
    """Knows words, and cuts at blanks."""
    known = {**WORDS, **{word: len(WORDS) + i for i, word in enumerate(words)}}
    made = Tokenizer(models.WordLevel(known, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return made


def learnt(*texts: str) -> Tokenizer:
    """Learns its words from texts."""
    made = Tokenizer(models.BPE(unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=40, special_tokens=["[UNK]"], show_progress=False))
    return made


RUST: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "a tokenizer": (cutter, lambda: cutter("new")),
    "one that learnt": (lambda: learnt("good film"), lambda: learnt("bad film")),
    "words": (lambda: models.WordLevel(WORDS, unk_token="[UNK]"), lambda: models.WordLevel(WORDS, unk_token="[PAD]")),
    "parts of words": (
        lambda: models.BPE({"a": 0, "b": 1, "ab": 2}, [("a", "b")]),
        lambda: models.BPE({"a": 0, "b": 1, "ab": 2}, []),
    ),
    "how to cut": (
        lambda: pre_tokenizers.ByteLevel(add_prefix_space=True),
        lambda: pre_tokenizers.ByteLevel(add_prefix_space=False),
    ),
    "how to write": (lambda: normalizers.Lowercase(), lambda: normalizers.NFC()),
    "how to join": (lambda: decoders.WordPiece("##"), lambda: decoders.WordPiece("@@")),
    "how to end": (
        lambda: processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1)),
        lambda: processors.BertProcessing(("[SEP]", 2), ("[CLS]", 3)),
    ),
    "how to learn": (
        lambda: trainers.BpeTrainer(vocab_size=10, initial_alphabet=list("abcdefghijkl")),
        lambda: trainers.BpeTrainer(vocab_size=11, initial_alphabet=list("abcdefghijkl")),
    ),
    "how to learn parts": (
        lambda: trainers.WordPieceTrainer(initial_alphabet=list("abcdefghijkl")),
        lambda: trainers.WordPieceTrainer(initial_alphabet=list("abcdefghijk")),
    ),
    "a word added": (lambda: AddedToken("x"), lambda: AddedToken("x", lstrip=True)),
    "a text cut": (lambda: cutter().encode("good film"), lambda: cutter().encode("bad film")),
    "one of transformers": (
        lambda: PreTrainedTokenizerFast(tokenizer_object=cutter(), pad_token="[PAD]"),
        lambda: PreTrainedTokenizerFast(tokenizer_object=cutter(), pad_token="[UNK]"),
    ),
    "one for BERT": (lambda: BertTokenizer(vocab=WORDS), lambda: BertTokenizer(vocab={**WORDS, "new": 7})),
}


@pytest.mark.parametrize("case", RUST)
def test_what_cuts_texts_is_value(case: str) -> None:
    """Objects written in Rust are read through what they tell for pickling."""
    make, other = RUST[case]
    assert not read(make()).opaque
    assert digest(make()) == digest(make()) != digest(other())
    assert moved(make(), other())


CHANGES: dict[str, tuple[Callable[[Tokenizer], Any], str]] = {
    "a word": (lambda made: made.add_tokens(["new"]), "len(x.get_added_tokens_decoder())"),
    "how long": (lambda made: made.enable_truncation(3), "x.truncation"),
    "how to fill": (lambda made: made.enable_padding(length=3), "x.padding"),
    "how to write": (lambda made: setattr(made, "normalizer", normalizers.Lowercase()), "x.normalizer"),
    "how to cut": (lambda made: setattr(made, "pre_tokenizer", pre_tokenizers.ByteLevel()), "x.pre_tokenizer"),
    "how to join": (lambda made: setattr(made, "decoder", decoders.WordPiece()), "x.decoder"),
    "words": (lambda made: setattr(made, "model", models.WordLevel({"[UNK]": 0}, "[UNK]")), "len(x.get_vocab())"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_of_a_tokenizer_is_told_by_its_part(case: str) -> None:
    """And cutting a text is no change."""
    change, path = CHANGES[case]
    one, other = cutter(), cutter()
    assert len(one.encode_batch(["good film", "a new one"])) == 2
    assert digest(one) == digest(other)
    change(other)
    assert digest(one) != digest(other)
    assert any(each.startswith(path) for each in moved(one, other))


def test_a_part_that_a_person_wrote_in_python_cannot_be_read() -> None:
    """It is opaque, with the reason, and so is the tokenizer that has it."""

    class Cut:
        def pre_tokenize(self, text: Any) -> None:
            raise NotImplementedError

    made = cutter()
    made.pre_tokenizer = pre_tokenizers.PreTokenizer.custom(Cut())  # type: ignore[attr-defined]
    (reason,) = read(made).opaque
    assert "cannot be read" in reason


def test_using_a_tokenizer_of_transformers_is_no_change(tmp_path: Path) -> None:
    """How it is to cut and fill is told to it in every call; what it warned of once is no value; nor is saving."""
    made = PreTrainedTokenizerFast(tokenizer_object=cutter(), pad_token="[PAD]", model_max_length=4)
    before = digest(made)
    batch = made(["good", "bad film"], padding=True, truncation=True, max_length=2, return_tensors="pt")
    assert digest(made) == before
    assert made.decode(made("bad film " * 5)["input_ids"])
    made.save_pretrained(tmp_path)
    assert digest(made) == before
    assert not read(batch).opaque
    assert {"x.data['input_ids']", "x.data['attention_mask']"} <= paths(batch)
    made.padding_side = "left"
    assert digest(made) != before


def test_words_already_cut_are_no_value(tmp_path: Path) -> None:
    """A tokenizer written in Python keeps them."""
    (tmp_path / "vocab.json").write_text('{"<unk>": 0, "g</w>": 1}')
    (tmp_path / "merges.txt").write_text("#version: 0.2\ng o\n")
    made = CTRLTokenizer(str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt"))
    before = digest(made)
    made.tokenize("good film")
    assert made.cache
    assert not read(made).opaque
    assert digest(made) == before
    made.encoder["more"] = 2
    assert digest(made) != before


DATA = [{"input_ids": ids, "labels": ids} for ids in IDS]


def arguments(folder: Path, **more: Any) -> TrainingArguments:
    """Two steps, without a word."""
    quiet = {"report_to": [], "disable_tqdm": True, "save_strategy": "no", "logging_steps": 1}
    return TrainingArguments(output_dir=str(folder), max_steps=2, use_cpu=True, **quiet, **more)


def trainer(folder: Path, **more: Any) -> Trainer:
    """With a fresh model."""
    return Trainer(model=gpt(), args=arguments(folder, **more), train_dataset=DATA)


def test_arguments_are_values(tmp_path: Path) -> None:
    """Being used is no change of them, and neither is a folder named after the clock."""
    one, other = arguments(tmp_path), arguments(tmp_path)
    before, names = digest(one), sorted(vars(one))
    assert not read(one).opaque
    assert sorted(vars(one)) == names
    assert Trainer(model=gpt(), args=one).args.device.type == "cpu"
    assert digest(one) == digest(other) == before != digest(arguments(tmp_path, learning_rate=0.5))
    one.logging_dir, other.logging_dir = "out/runs/Nov21_10-00-00_a", "out/runs/Nov22_11-11-11_b"
    assert digest(one) == digest(other)
    other.logging_dir = "there"
    assert digest(one) != digest(other)


@pytest.mark.usefixtures("capsys")
def test_a_trainer_is_where_it_is_in_training(tmp_path: Path) -> None:
    """Trained in the same way it is equal, however long it took; trained on, its model, optimizer and log move."""
    ran = []
    for _ in range(2):
        made = trainer(tmp_path)
        fresh = digest(made)
        assert fresh == digest(trainer(tmp_path))
        made = trainer(tmp_path)
        ran.append((made, made.train()))
        assert digest(made) != fresh
        assert read(made).kind == "model"
        assert not read(made).opaque
    (one, result), (other, again) = ran
    assert digest(one) == digest(other)
    assert digest(result) == digest(again)
    assert "x.metrics['train_loss']" in paths(result)
    assert "x.metrics['train_runtime']" not in paths(result)
    assert "x.optimizer.optimizer.state[0].exp_avg" in paths(one)
    other.train()
    assert digest(one) != digest(other)
    assert any(path.startswith("x.model.") for path in moved(one, other))


@pytest.mark.usefixtures("capsys")
def test_looking_at_a_trainer_is_no_change(tmp_path: Path) -> None:
    """It trains on after a look, as if there had been none."""
    ends = []
    for looks in (False, True):
        made = trainer(tmp_path)
        if looks:
            read(made)
            paths(made)
        made.train()
        if looks:
            read(made)
        made.train()
        ends.append(digest(made.model))
    assert ends[0] == ends[1]
    answer = made.predict(DATA)
    assert "x.metrics['test_loss']" in paths(answer)
    assert not any(path.endswith("runtime']") for path in paths(answer))
