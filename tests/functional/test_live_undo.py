"""What `%nbrerun undo` and `%nbrerun restart` do in a live kernel."""

from __future__ import annotations

import pytest

from tests.live import Live

pytestmark = pytest.mark.cold_kernel


def test_undo_gives_values_back(live: Live) -> None:
    """Changed, bound and deleted names hold again what they held, and share what they shared; new ones are gone."""
    live.run("class C: pass\ndef f(): return 1\nc, one = C(), [1]\nboth = {'one': one}\nkept = object()\nc.kept = kept")
    live.run("import random\nrandom.seed(1)")
    live.run("drawn = random.random(); one.append(2); c.n = 3; new = 4; del both\ndef f(): return 2")
    text = live.answer("%nbrerun undo")["data"]["text/plain"]
    assert "`both`, `c`, `f`, `one` as before In [4]" in text
    assert "`drawn`, `new` deleted" in text
    assert live.value("one, both['one'] is one, c.__dict__.keys(), c.kept is kept, f()") == (
        "([1], True, dict_keys(['kept']), True, 1)"
    )
    assert live.value("{'new', 'drawn'} & globals().keys(), random.random() == random.Random(1).random()") == (
        "(set(), True)"
    )


def test_undo_says_what_it_cannot_give_back(live: Live) -> None:
    """What cannot be pickled keeps its value, and files stay as they are; both are named."""
    live.run("letters = iter('abc'); numbers = (n for n in [1, 2]); x = 1")
    live.run("with open('new.txt', 'w') as file:\n    file.write('a')\nnext(numbers); x = 2\n%env A=b")
    text = live.answer("%nbrerun undo")["data"]["text/plain"]
    assert "`numbers` cannot be given back" in text
    assert "file:new.txt" in text
    assert "env:os.environ[A]" in text
    assert live.value("x, next(numbers), open('new.txt').read()") == "(1, 2, 'a')"
    assert "no cell before" not in live.answer("%nbrerun undo")["data"]["text/plain"]


def test_undo_follows_a_cell_that_raised(live: Live) -> None:
    """What the cell had done until then is undone."""
    live.run("x = [1]")
    live.run("x.append(2)\n1 / 0")
    live.run("%nbrerun undo")
    assert live.value("x") == "[1]"


def test_a_restart(live: Live) -> None:
    """Cells that bring a model back have been run, in a fork in which none had been; the rest is only said."""
    live.run("from sklearn.linear_model import SGDClassifier\nX, y = [[0.0], [1.0]], [0, 1]")
    live.run("clf = SGDClassifier(random_state=0).partial_fit(X, y, classes=[0, 1])")
    live.run("print(clf.score(X, y))")
    live.run("clf.partial_fit(X, y)")
    live.run("import joblib\nother = joblib.load(joblib.dump(clf, 'clf.joblib')[0])")
    live.run("%nbrerun limit 100")
    content = live.answer("%nbrerun restart")
    found = content["metadata"]["nbrerun"]["restart"]
    assert found["clf"] == {"cells": [2, 3, 5], "verified": True, "file": None, "why_not": ""}
    assert found["SGDClassifier"]["cells"] == [2]
    assert not found["X"]["verified"]
    assert "run and compared" in content["data"]["text/plain"]


def test_a_restart_admits_what_is_not_verified(live: Live) -> None:
    """A model that comes out with another value each time cannot be brought back."""
    live.run("import numpy as np\nfrom sklearn.linear_model import SGDClassifier")
    live.run("clf = SGDClassifier().fit(np.random.rand(20, 2), [0, 1] * 10)")
    live.run("%nbrerun limit 100")
    found = live.facts("%nbrerun restart")["restart"]
    assert not found["clf"]["verified"]
    assert "another value" in found["clf"]["why_not"]
