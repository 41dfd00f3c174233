"""spaCy and transformers: pipelines and models of language, made, trained on, asked, saved and loaded."""

from __future__ import annotations

from tests.functional.cases.case import Case, cell
from tests.functional.cases.files_models import saves, via_file

SPACY = Case(
    "spacy: a pipeline that sorts texts",
    cell(
        """
        import random
        import spacy
        from spacy.training import Example
        from spacy.util import fix_random_seed, minibatch

        TEXTS = [("good fun", {"GOOD": 1.0, "BAD": 0.0}), ("bad trash", {"GOOD": 0.0, "BAD": 1.0})] * 4
        BAG = {
            "@architectures": "spacy.TextCatBOW.v3",
            "exclusive_classes": True,
            "ngram_size": 1,
            "no_output_layer": False,
            "length": 64,
        }

        def examples(nlp):
            return [Example.from_dict(nlp.make_doc(text), {"cats": cats}) for text, cats in TEXTS]

        def make():
            nlp = spacy.blank("en")
            nlp.add_pipe("textcat", config={"model": BAG})
            nlp.initialize(lambda: examples(nlp))
            return nlp
        """,
        "reset",
        TEXTS="reset",
    ),
    cell(
        "fix_random_seed(0)\nnlp = make()",
        "reset",
        nlp="reset",
        how={"nlp": "recreated"},
        marks={"nlp": ()},
        kinds={"nlp": "model"},
    ),
    cell("doc = nlp('good words never met before')", "reset", doc="reset", nlp="untouched", kinds={"doc": "data"}),
    cell("config, meta = nlp.config, nlp.meta", "reset", nlp="untouched"),
    cell("losses = nlp.update(examples(nlp))", "in-place", nlp="in-place", losses="reset", kinds={"nlp": "model"}),
    cell(
        """
        fix_random_seed(0)
        nlp = make()
        losses = {}
        for batch in minibatch(examples(nlp), size=2):
            nlp.update(batch, losses=losses)
        """,
        "reset",
        nlp="reset",
        losses="reset",
        how={"nlp": "recreated"},
        marks={"nlp": ()},
    ),
    cell(
        """
        shuffled = examples(nlp)
        random.shuffle(shuffled)
        fresh = make()
        fresh.update(shuffled[:3])
        """,
        "reset",
        fresh="reset",
        marks={"fresh": {"unseeded"}},
        nlp="untouched",
    ),
    cell("optimizer = nlp.resume_training()\nnlp.update(examples(nlp), sgd=optimizer);", "in-place", nlp="in-place"),
    cell("scores = nlp.evaluate(examples(nlp))['cats_score']", "reset", scores="reset", nlp="untouched"),
    cell("nlp.vocab['btw'].is_stop = True", "reset", nlp="reset", how={"nlp": "refitted"}),
    cell("nlp.add_pipe('sentencizer');", "error"),
    cell("nlp.to_disk('nlp')", "persisted", nlp="untouched"),
    cell(
        "again = spacy.load('nlp')",
        "persisted",
        again="persisted",
        nlp="untouched",
        via=via_file("again"),
        kinds={"again": "model"},
    ),
    cell("docs = list(again.pipe(['good fun', 'bad trash']))", "reset", docs="reset", again="untouched"),
    cell("again.update(examples(again));", "in-place", again="in-place", nlp="untouched"),
    cell(
        "again = spacy.load('nlp')\nagain.update(examples(again))\nagain.to_disk('nlp')",
        "in-place",
        again="in-place",
    ),
)

SPACY_RULES = Case(
    "spacy: a pipeline of rules, which has no numbers",
    cell(
        """
        import spacy
        nlp = spacy.blank("en")
        nlp.add_pipe("entity_ruler").add_patterns([{"label": "ORG", "pattern": "Apple"}])
        """,
        "reset",
        nlp="reset",
        kinds={"nlp": "model"},
    ),
    cell("nlp.to_disk('rules')", "persisted", variables={"file:rules/config.cfg": "persisted"}, nlp="untouched"),
    cell("again = spacy.load('rules')", "persisted", again="persisted", via=via_file("again")),
    cell("nlp.from_disk('rules')", "persisted", nlp="persisted", via=via_file("nlp")),
    cell("copy = spacy.blank('en').from_bytes(nlp.to_bytes())", "reset", copy="reset"),
    cell(
        "other = spacy.blank('en')\nother.to_disk('other')\nother = spacy.load('other')",
        "reset",
        other="reset",
    ),
)

TRANSFORMERS = Case(
    "transformers: a model of language",
    cell(
        """
        import torch
        import transformers
        from tokenizers import Tokenizer, models, pre_tokenizers
        from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast, set_seed
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        ids = torch.tensor([[1, 2, 3], [4, 5, 6]])
        """,
        "reset",
        ids="reset",
    ),
    cell(
        "config = GPT2Config(vocab_size=8, n_embd=8, n_layer=1, n_head=2, n_positions=16, "
        "bos_token_id=0, eos_token_id=0, embd_pdrop=0.0)",
        "reset",
        config="reset",
        kinds={"config": "data"},
    ),
    cell(
        """
        words = {"[UNK]": 0, "[PAD]": 1, "good": 2, "bad": 3, "film": 4}
        rust = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
        rust.pre_tokenizer = pre_tokenizers.Whitespace()
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=rust, unk_token="[UNK]", pad_token="[PAD]")
        """,
        "reset",
        tokenizer="reset",
        rust="reset",
        marks={"tokenizer": ()},
    ),
    cell(
        "batch = tokenizer(['good film', 'bad'], padding=True, truncation=True, max_length=3, return_tensors='pt')",
        "reset",
        batch="reset",
        tokenizer="untouched",
    ),
    cell("tokenizer.add_tokens(['new']);", "reset", tokenizer="reset", how={"tokenizer": "refitted"}),
    cell(
        "model = GPT2LMHeadModel(config)",
        "reset",
        model="reset",
        how={"model": "recreated"},
        marks={"model": {"unseeded"}},
        kinds={"model": "model"},
    ),
    cell(
        "set_seed(0)\nmodel = GPT2LMHeadModel(config)\noptimizer = torch.optim.AdamW(model.parameters(), lr=0.01)",
        "reset",
        model="reset",
        optimizer="reset",
        marks={"model": (), "optimizer": ()},
    ),
    cell(
        """
        for epoch in range(2):
            optimizer.zero_grad()
            loss = model(ids, labels=ids).loss
            loss.backward()
            optimizer.step()
        """,
        "in-place",
        model="in-place",
        optimizer="in-place",
        config="untouched",
    ),
    cell(
        "model.eval()\nwritten = model.generate(ids, max_new_tokens=2, do_sample=False)",
        "reset",
        model="reset",
        written="reset",
        how={"model": "refitted"},
        marks={"model": ()},
    ),
    cell(
        "written = model.generate(ids, max_new_tokens=8, do_sample=True)",
        "reset",
        model="untouched",
        written="reset",
        marks={"written": {"unseeded"}},
    ),
    saves("model.save_pretrained('model')", "model/model.safetensors", model="untouched"),
    cell("tokenizer.save_pretrained('words');", None, tokenizer="untouched"),
    cell(
        "again = GPT2LMHeadModel.from_pretrained('model')",
        "persisted",
        again="persisted",
        model="untouched",
        via=via_file("again"),
        kinds={"again": "model"},
    ),
    cell("cutter = PreTrainedTokenizerFast.from_pretrained('words')", "persisted", cutter="persisted"),
    cell(
        "again.train()\nagain(ids, labels=ids).loss.backward()\n"
        "torch.optim.SGD(again.parameters(), lr=0.1).step()\nagain.zero_grad()",
        "in-place",
        again="in-place",
        model="untouched",
    ),
    cell("again.save_pretrained('model')", "persisted", again="untouched"),
    cell("again.config.use_cache = False", "reset", again="reset", model="untouched"),
)

TRAINER = Case(
    "transformers: the trainer",
    cell(
        """
        import torch
        import transformers
        from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments, set_seed
        transformers.logging.set_verbosity_error()
        ids = torch.tensor([[1, 2, 3], [4, 5, 6]])
        data = [{"input_ids": each, "labels": each} for each in ids]
        sizes = dict(vocab_size=8, n_embd=8, n_layer=1, n_head=2, n_positions=16, bos_token_id=0, eos_token_id=0)
        """,
        "reset",
        data="reset",
    ),
    cell(
        """
        args = TrainingArguments(
            "out", max_steps=2, use_cpu=True, report_to=[], disable_tqdm=True, save_strategy="no", logging_steps=1
        )
        """,
        "reset",
        args="reset",
        marks={"args": ()},
        kinds={"args": "data"},
    ),
    cell(
        """
        set_seed(0)
        model = GPT2LMHeadModel(GPT2Config(**sizes))
        trainer = Trainer(model=model, args=args, train_dataset=data)
        """,
        "reset",
        model="reset",
        trainer="reset",
        marks={"model": (), "trainer": ()},
        kinds={"trainer": "model"},
    ),
    cell("result = trainer.train()", "in-place", model="in-place", trainer="in-place", kinds={"trainer": "model"}),
    cell(
        """
        set_seed(0)
        model = GPT2LMHeadModel(GPT2Config(**sizes))
        trainer = Trainer(model=model, args=args, train_dataset=data)
        result = trainer.train()
        """,
        "reset",
        model="reset",
        trainer="reset",
        result="reset",
        how={"model": "recreated", "trainer": "recreated"},
        marks={"model": (), "trainer": (), "result": ()},
    ),
    cell(
        "answer = trainer.predict(data).predictions",  # it leaves the model in the mode for asking
        "reset",
        answer="reset",
        model="reset",
        how={"model": "refitted"},
    ),
    cell(
        """
        def make():
            set_seed(0)
            return GPT2LMHeadModel(GPT2Config(**sizes))
        other = Trainer(model_init=make, args=args, train_dataset=data)
        """,
        "reset",
        other="reset",
    ),
    cell("result = other.train()", "reset", other="reset", result="reset", marks={"other": ()}),
    cell("trainer.save_model('model')", "persisted", model="untouched"),
    cell("model = GPT2LMHeadModel.from_pretrained('model')", "persisted", model="persisted", via=via_file("model")),
)
