"""How adapters are found and held to what they promise: nbrerun's own, and those that other packages bring."""

from __future__ import annotations

import io
import os
import shutil
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from nbrerun.probe import adapters
from nbrerun.probe.adapters import describe, generic
from nbrerun.probe.describe.node import ADAPTERS, GLOBAL_GENERATORS, UNREADABLE, Node, Stand, forget_classes
from nbrerun.probe.describe.quiet import importing_silently
from nbrerun.probe.plugins import discovery
from nbrerun.probe.plugins.api import Api
from nbrerun.probe.plugins.discovery import Packages
from nbrerun.probe.read import generators
from nbrerun.probe.read.walk import Reader
from tests.unit.probe.looking import digest, paths, read, texts


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    """What a test registers is gone after it."""
    kept = dict(ADAPTERS), list(GLOBAL_GENERATORS), dict(UNREADABLE)
    yield
    for registered, before in zip((ADAPTERS, UNREADABLE), kept[::2], strict=True):
        registered.clear()
        registered.update(before)
    GLOBAL_GENERATORS[:] = kept[1]
    forget_classes()


class Thing:
    """An object of the library `mylib`."""

    def __init__(self, n: int = 0) -> None:
        self.n = n


Thing.__module__, Thing.__qualname__ = "mylib", "Thing"


def use(adapter: Callable[[Any], Any], name: str = "mylib.Thing") -> Api:
    """Have a package `mylib-nbrerun` bring an adapter."""
    api = Api("mylib", "mylib-nbrerun")
    api.reads(name)(adapter)
    api.commit()
    forget_classes()
    return api


def test_every_library_that_a_module_reads_is_named() -> None:
    """If a module cannot be loaded, objects of all of its libraries have to be opaque."""
    own = adapters.__name__
    unnamed = {
        name
        for name, adapter in ADAPTERS.items()
        for libraries in [adapters._LIBRARIES.get(adapter.__module__[len(own) + 1 :], ())]
        if libraries and not name.startswith((*(library + "." for library in libraries), own))
    }
    assert unnamed == set()
    assert UNREADABLE == {}


def test_a_module_that_fails_half_way_registers_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither types nor generators: half of an adapter may read half of an object."""
    (tmp_path / "half.py").write_text(
        "from ..describe.node import draws_from, reads\n"
        "reads('mylib.Thing')(lambda value: None)\ndraws_from(lambda: [('mylib', 1)])\n1 / 0"
    )
    monkeypatch.setattr(adapters, "__path__", [*adapters.__path__, str(tmp_path)])
    before = len(GLOBAL_GENERATORS)
    adapters._load("half", ["mylib", "otherlib"])
    forget_classes()
    assert "mylib.Thing" not in ADAPTERS
    assert len(GLOBAL_GENERATORS) == before
    assert UNREADABLE.keys() == {"mylib", "otherlib"}
    reason = "mylib.Thing: nbrerun's own adapter cannot be loaded (ZeroDivisionError: division by zero)"
    assert read(Thing()).opaque == (reason,)


class Child(Thing):
    """What the person derives from it."""


class Holder(dict):  # type: ignore[type-arg]  # no matter of what
    """A container of the library."""


class Meta(type):
    """A class of classes of the library."""


Holder.__module__ = Meta.__module__ = "mylib.inner"
Made = Meta("Made", (), {})
Near = type("mylib", (), {"__module__": "mylibrary"})

WHILE_BROKEN = {
    "an object of the library": (Thing(), True),
    "one of a class that the person derived": (Child(), True),
    "a container of the library": (Holder(a=1), True),
    "an object that holds one": ([Thing()], True),
    "a class of the library": (Thing, False),
    "a class of a class of the library": (Made, False),
    "a module": (types.ModuleType("mylib"), False),
    "an object of a library with a like name": (Near(), False),
    "a dict": ({"a": 1}, False),
}


@pytest.mark.parametrize("case", WHILE_BROKEN)
def test_what_a_broken_adapter_was_to_read_is_opaque(case: str) -> None:
    """The objects of its library, whatever else could read them; not its definitions, nor anything else."""
    value, is_opaque = WHILE_BROKEN[case]
    assert not read(value).opaque
    UNREADABLE["mylib"] = "broken"
    forget_classes()
    assert [reason.endswith(": broken") for reason in read(value).opaque] == [True] * is_opaque


def test_types_that_another_adapter_of_the_library_reads_are_read() -> None:
    """A broken package does not put out nbrerun's own adapter, nor that of a second package."""
    use(lambda value: Node("mylib.Thing"))
    UNREADABLE["mylib"] = "broken"
    forget_classes()
    assert not read(Thing()).opaque
    assert not read(Child()).opaque
    assert read(Holder()).opaque


def test_a_model_that_cannot_be_read_is_a_model() -> None:
    """What it is called in the report does not depend on whether it can be read."""
    model = type("Model", (), {"__module__": "mylib", "fit": print, "predict": print})
    UNREADABLE["mylib"] = "broken"
    assert read(model()).model
    assert not read(Thing()).model


STAND = Stand(b"1", int, "mylib")

BROKEN_NODES: dict[str, tuple[Any, str]] = {
    "no node": ({}, "it returned dict, not a Node"),
    "a type that is no text": (Node(Thing), "its `type` is not a text"),  # type: ignore[arg-type]
    "a text as content": (Node("T", ("text",)), "its `content` is not a tuple of bytes"),
    "content that is no tuple": (Node("T", b"text"), "its `content` is not a tuple of bytes"),  # type: ignore[arg-type]
    "content in pieces": (Node("T", (memoryview(b"text")[::2],)), "its `content` is not a tuple of bytes"),
    "no such kind": (Node("T", kind="network"), "its `kind` is unknown"),
    "no size": (Node("T", size=("len({})", 3)), "its `size` is not a pattern and a text"),  # type: ignore[arg-type]
    "a pattern of another sort": (Node("T", size=("len({name})", "3")), "KeyError: 'name'"),
    "no reason": (Node("T", opaque=""), "its `opaque` is not a text"),
    "children that make no pairs": (Node("T", children=[1], unordered=2), "its children are not groups of `unordered`"),
    "children that are none": (Node("T", children=3), "TypeError: "),  # type: ignore[arg-type]
    "a generator that stands nowhere": (
        Node("T", kind="generator"),
        "exactly generators have a `Stand`",
    ),
    "data that stands somewhere": (Node("T", generator=STAND), "exactly generators have a `Stand`"),
    "a state that is no bytes": (
        Node("T", kind="generator", generator=STAND._replace(state="1")),  # type: ignore[arg-type]
        "exactly generators have a `Stand`",
    ),
    "a generator of parts": (Node("T", children=[1], kind="generator", generator=STAND), "a generator has no children"),
}


@pytest.mark.parametrize("case", BROKEN_NODES)
def test_a_node_that_breaks_a_promise_is_opaque(case: str) -> None:
    """The reason names the package and what is wrong, and the reader goes on."""
    node, reason = BROKEN_NODES[case]
    use(lambda value: node)
    (found,) = read([Thing()]).opaque
    assert found.startswith("mylib.Thing: the adapter of mylib-nbrerun raised ")
    assert reason in found


def fail(*_: Any) -> Any:
    """An adapter, or a part of one, that is broken."""
    raise ValueError("broken")


SAYS_LESS: dict[str, Node] = {
    "labels that fail": Node("T", children=[1, 2], labels=fail),
    "too few labels": Node("T", children=[1, 2], labels=lambda: [".a"]),
    "labels that are no text": Node("T", children=[1, 2], labels=lambda: [1, 2]),  # type: ignore[list-item]
    "no labels": Node("T", children=[1, 2], labels=lambda: None),  # type: ignore[arg-type, return-value]
}


@pytest.mark.parametrize("case", SAYS_LESS)
def test_parts_without_labels_are_compared_all_the_same(case: str) -> None:
    """Each part has a place, so that a change is seen there."""
    use(lambda value: SAYS_LESS[case])
    assert paths(Thing()) == {"x", "x.<part 0>", "x.<part 1>"}
    assert not read(Thing()).opaque


@pytest.mark.parametrize("text", [fail, lambda: 3, lambda: warnings.warn("loud", stacklevel=2)])
def test_a_value_without_a_text_is_compared_all_the_same(text: Callable[[], Any]) -> None:
    """A text or numbers that fail, or are none, are left out; no warning is shown."""
    use(lambda value: Node("mylib.Thing", (b"%d" % value.n,), text=text, numbers=text))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert texts(Thing()) == {"x": "<mylib.Thing>"}
    assert digest(Thing()) == digest(Thing()) != digest(Thing(1))


def test_none_leaves_an_object_to_the_reader_of_attributes() -> None:
    """As if there were no adapter."""
    before = digest(Thing(1))
    use(lambda value: None)
    assert digest(Thing(1)) == before != digest(Thing(2))


def test_an_adapter_warns_nobody() -> None:
    """What the library warns of while it is read was not asked for by the person."""

    def loud(value: Any) -> Node:
        warnings.warn("loud", stacklevel=1)
        return Node("T")

    use(loud)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not describe(Thing()).opaque


def test_an_interrupt_is_nobodys_failure() -> None:
    """The person's Ctrl-C goes on to where it was meant to go."""

    def interrupted(value: Any) -> Node:
        raise KeyboardInterrupt

    use(interrupted)
    with pytest.raises(KeyboardInterrupt):
        describe(Thing())


def test_an_adapter_of_a_package_goes_before_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library itself knows best, for its own types only."""
    monkeypatch.setitem(ADAPTERS, "mylib.Thing", lambda value: Node("ours"))
    use(lambda value: Node("theirs"))
    assert describe(Thing()).type == "theirs"
    with pytest.raises(ValueError, match=r"mylibrary\.Thing is not in mylib"):
        Api("mylib", "mylib-nbrerun").reads("mylib.Other", "mylibrary.Thing")


def test_the_helpers_are_those_of_our_own_adapters() -> None:
    """All that the page lists is there."""
    api = Api("mylib", "mylib-nbrerun")
    use(lambda value: api.attributes_node(value, api.attributes(value), text=lambda: api.clip("a  thing")))
    assert texts(Thing(3)) == {"x": "a thing", "x.n": "3"}
    assert (api.attribute_label("n"), api.type_name(Thing), api.version) == (".n", "mylib.Thing", 1)
    page = (Path(__file__).parents[4] / "docs" / "adapters.md").read_text()
    assert [name for name in vars(Api) if name[0] != "_" and f"`api.{name}" not in page] == ["commit"]
    lacking = [field for field in Node._fields if f"| `{field}` |" not in page]
    assert lacking == ["holds", "atom", "in_part", "in_one", "memory"]


class Dice:
    """A generator of the library."""

    def __init__(self) -> None:
        self.stand = b"1"

    def put_back(self, state: bytes) -> None:
        """Go on from there."""
        self.stand = state


Dice.__module__, Dice.__qualname__ = "mylib", "Dice"


def roll(api: Api, dice: Dice, put_back: Callable[[bytes], object]) -> None:
    """Register the generator."""
    api.reads("mylib.Dice")(
        lambda value: api.Node("D", (value.stand,), kind="generator", generator=Stand(value.stand, put_back, "D"))
    )
    api.draws_from(lambda: [("mylib.dice", dice)])
    api.commit()


def test_generators_of_a_package_are_put_back() -> None:
    """As those of our own are; one that does not go back says whose it is."""
    dice = Dice()
    for put_back in (dice.put_back, fail):
        roll(Api("mylib", "mylib-nbrerun"), dice, put_back)
        forget_classes()
        reader = Reader()
        generators.read_global(reader)
        pins = [pin for pin in generators.messages(reader.generators) if pin["name"].endswith("mylib.dice")]
        dice.stand = b"2"
        if put_back is fail:
            with pytest.raises(
                RuntimeError, match="the adapter of mylib-nbrerun could not put a generator back: Value"
            ):
                generators.put_back(reader.generators, pins)
        else:
            generators.put_back(reader.generators, pins)
            assert dice.stand == b"1"


def test_generators_that_are_gone_stop_nothing() -> None:
    """What finds them is asked once when it is registered, and may fail later."""
    answers: list[Any] = [[("mylib.dice", Dice())], [("mylib.dice", Dice())]]
    Api("mylib", "p").draws_from(lambda: answers.pop())
    api = Api("mylib", "p")
    api.draws_from(lambda: answers.pop())
    api.commit()
    assert not [name for name, _ in generators.global_generators() if "mylib" in name]
    with pytest.raises(TypeError, match="the name of a generator is not a text"):
        api.draws_from(lambda: [(1, Dice())])  # type: ignore[list-item]


def offer(folder: Path, package: str = "mylib_nbrerun", entries: str = "", source: str = "") -> None:
    """Install a package into a folder."""
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[nbrerun.adapters]\n{entries or f'mylib = {package}:register'}\n")
    (folder / f"{package}.py").write_text(
        source or "def register(api):\n    api.reads('mylib.Thing')(lambda value: None)"
    )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path, and `mylib` imported."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), "", "no/such/folder", 3, *sys.path])
    monkeypatch.setattr(sys, "modules", {**sys.modules, "mylib": types.ModuleType("mylib")})
    return tmp_path


def load() -> Packages:
    """As after an import."""
    packages = Packages()
    packages.load()
    return packages


def test_a_package_waits_for_its_library(site: Path) -> None:
    """It is imported once that is there, and only then."""
    offer(site)
    module = sys.modules.pop("mylib")
    packages = load()
    assert "mylib_nbrerun" not in sys.modules
    assert not packages.due()
    sys.modules["mylib"] = module
    assert packages.due()
    packages.load()
    assert "mylib.Thing" in ADAPTERS
    assert not packages.due()


def test_folders_are_looked_through_once(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And again when something has come into them."""
    offer(site)
    packages = load()
    looked: list[str] = []
    monkeypatch.setattr(discovery, "_with_adapters", lambda folder: looked.append(folder) or [])
    packages.load()
    assert looked == []
    (site / "more").mkdir()
    os.utime(site, ns=(0, 0))
    packages.load()
    assert looked == [str(site)]


def test_packages_in_an_archive_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python imports from archives on its path, too (zipimport)."""
    offer(tmp_path / "packed")
    archive = shutil.make_archive(str(tmp_path / "packages"), "zip", tmp_path / "packed")
    monkeypatch.setattr(sys, "path", [archive])
    packages = Packages()
    packages.load()
    assert [each.package for each in packages._waiting] == ["mylib_nbrerun"]


OFFERS: dict[str, tuple[dict[str, str], str]] = {
    "Python's own objects": ({"entries": "builtins = mylib_nbrerun:register\n__main__ = mylib_nbrerun:register"}, ""),
    "no entry point": ({"entries": "["}, ""),
    "a module within": (
        {"entries": "mylib = mylib_nbrerun:a.b\nmylib.inner = mylib_nbrerun:register"},
        "the adapters of mylib_nbrerun cannot be loaded (AttributeError: module 'mylib_nbrerun' has no attribute 'a')",
    ),
}


@pytest.mark.parametrize("case", OFFERS)
def test_what_is_offered_amiss_stops_nothing(case: str, site: Path) -> None:
    """Neither is it used; it is said of a library that is there."""
    what, reason = OFFERS[case]
    offer(site, **what)
    (site / "damaged-1.0.dist-info").mkdir()
    (site / "damaged-1.0.dist-info" / "entry_points.txt").write_bytes(b"[nbrerun.adapters]\n\xff")
    load()
    assert list(UNREADABLE.items()) == [("mylib", reason)] * bool(reason)


def test_the_first_on_the_path_is_the_one(site: Path) -> None:
    """As it is the one that would be imported, once; another package for the same library comes on top."""
    first = "calls = []\ndef register(api):\n    calls.append(1)\n    api.reads('mylib.First')(print)"
    offer(site, source=first)
    offer(site / "second", source="def register(api):\n    api.reads('mylib.Second')(print)")
    offer(site, "zz_other", source="def register(api):\n    api.reads('mylib.Other')(print)")
    sys.path.insert(1, str(site / "second"))
    load()
    assert {name for name in ADAPTERS if name.startswith("mylib.")} == {"mylib.First", "mylib.Other"}
    assert sys.modules["mylib_nbrerun"].calls == [1]


def test_what_one_imports_another_may_wait_for(site: Path) -> None:
    """Both are loaded at once."""
    (site / "zlib_like.py").write_text("")
    offer(site, source="import zlib_like\ndef register(api):\n    api.reads('mylib.Thing')(print)")
    source = "def register(api):\n    api.reads('zlib_like.Thing')(print)"
    offer(site, "aa_first", "zlib_like = aa_first:register", source)
    load()
    assert {"mylib.Thing", "zlib_like.Thing"} <= ADAPTERS.keys()


def test_streams_that_are_kept_speak_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that a module makes while it is imported is no handler of nothing."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with importing_silently():
        kept = sys.stdout
        print("silent")
        kept.flush()
    print("said", file=kept)
    assert sys.stdout.getvalue() == "said\n"  # type: ignore[attr-defined]  # it is a StringIO
    assert kept is not sys.stdout


def test_unreadable_objects_have_no_content() -> None:
    """Two of them are neither called equal nor read."""
    node = generic.unreadable(Thing, "why")
    assert (node.opaque, node.content, node.children) == ("mylib.Thing: why", (), ())


class Noted:
    """An object that says when."""

    def __init__(self, when: object) -> None:
        self.when = when


class OfLibrary(Noted):
    """The same, of the library `json`."""


OfLibrary.__module__ = "json"

NOW: dict[str, Callable[[], object]] = {
    "seconds since the epoch": time.time,
    "local time": datetime.now,
    "time in UTC": lambda: datetime.now(timezone.utc),
    "time in UTC that does not say so": lambda: datetime.now(timezone.utc).replace(tzinfo=None),
    "time in another zone": lambda: datetime.now(timezone(timedelta(hours=5))),
    "local time as text": lambda: str(datetime.now()),
}


@pytest.mark.parametrize("which", NOW)
def test_when_a_library_made_something_is_no_value(which: str) -> None:
    """A moment since the kernel began; the user's own objects keep what the user asked for."""
    now = NOW[which]
    assert digest(OfLibrary(now())) == digest(OfLibrary(now())) != digest(OfLibrary(None))
    assert digest(Noted(now())) != digest(Noted(now()))


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S"])
def test_a_text_may_say_when(form: str) -> None:
    """Estimators of lifelines keep when they were fitted as a text, to the second."""
    now = datetime.now(timezone.utc).strftime(form)
    assert digest(OfLibrary(now)) == digest(OfLibrary(time.time())) != digest(OfLibrary(f"{now}, or so"))
    assert digest(Noted(now)) != digest(Noted(time.time()))


@pytest.mark.parametrize("when", ["2020-01-01 12:30:00 UTC", "2020-01-01 12:xx:00", "2020-01-01", "Monday"])
def test_another_text_is_a_value(when: str) -> None:
    """Be it another moment, or none."""
    assert digest(OfLibrary(when)) != digest(OfLibrary(f"{when}."))
    assert digest(OfLibrary(when)) != digest(OfLibrary(time.time()))


@pytest.mark.parametrize("when", [datetime(2020, 1, 1), datetime.max, datetime(2020, 1, 1, tzinfo=timezone.utc), 12.5])
def test_another_moment_is_a_value(when: object) -> None:
    """A library's object may hold dates that somebody has given to it."""
    assert texts(OfLibrary(when))["x.when"][:12] == repr(when)[:12]
    assert digest(OfLibrary(when)) != digest(OfLibrary(datetime(2021, 1, 1)))
