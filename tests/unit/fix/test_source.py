"""Cells as trees: what is not edited stays as it is, to the last blank."""

from __future__ import annotations

import pytest

from nbrerun.fix.source import Source, parsed


def source(text: str) -> Source:
    """A cell that can be parsed."""
    found = Source.of(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x = 1",
        "x = 1\n",
        "# only\n\n",
        "%matplotlib inline\nx  =  1  # why\n",
        "%%time\nx = 1",
        "!ls -l\n?x\nprint( 'a' ) ;",
        "for i in x:\n    %time f()\n    pass\n\n",
        "a = 1; b = 2",
        "ll[0].append(1) ",
    ],
)
def test_a_cell_is_written_back_as_it_was(text: str) -> None:
    """Comments, blanks, semicolons and lines for IPython are kept."""
    assert source(text).text == text


@pytest.mark.parametrize(
    "text", ["%%bash\nls", "files = !ls", "ls", "ls -l", "cd [a]", "x = (", "%time f(\\\n  1)", "  %%time\nx"]
)
def test_what_is_not_python_line_by_line_is_not_edited(text: str) -> None:
    """Nobody can tell what an edit would do to it."""
    assert Source.of(text) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("df = df.drop(df=2)  # df", "df_2 = df_2.drop(df=2)  # df"),
        ("x.df = df.df", "x.df = df_2.df"),
        ("def f(df):\n    return df", "def f(df):\n    return df"),
        ("def f():\n    df = 1\n    return df\ndf", "def f():\n    df = 1\n    return df\ndf_2"),
        ("def f():\n    return df", "def f():\n    return df_2"),
        ("def f():\n    global df\n    df = 1", "def f():\n    global df_2\n    df_2 = 1"),
        ("[df for df in q] + [a for a in df]", "[df for df in q] + [a for a in df_2]"),
        ("print(f'{df} df')", "print(f'{df_2} df')"),
        ("class A:\n    df = 1\ndf", "class A:\n    df = 1\ndf_2"),
        ("lambda df: df", "lambda df: df"),
        ("import df.x", "import df.x"),
    ],
)
def test_only_the_variable_of_the_notebook_is_renamed(before: str, after: str) -> None:
    """Attributes, keywords, parameters and locals of the same name are something else."""
    renamed = source(before).renamed("df", "df_2")
    assert renamed is not None
    assert renamed.text == after


def test_a_name_in_a_line_for_ipython_is_not_renamed() -> None:
    """The line could not be edited, and would mean the old name."""
    assert source("%time df.sum()\ndf").renamed("df", "df_2") is None
    assert source("%time other\ndf").renamed("df", "df_2") is not None


def test_renaming_begins_at_a_statement() -> None:
    """What stands above means the old name."""
    renamed = source("a = x\nb = x").renamed("x", "y", 1)
    assert renamed is not None
    assert renamed.text == "a = x\nb = y"


@pytest.mark.parametrize(
    ("text", "begun"),
    [
        ("x", "k = 1\nx"),
        ("import a\nx", "import a\nk = 1\nx"),
        ("%%time\nx", "%%time\nk = 1\nx"),
        ("%matplotlib inline\nimport a\nx", "%matplotlib inline\nimport a\nk = 1\nx"),
        ("%time x()", "k = 1\n%time x()"),
        ("# about\nx", "# about\nk = 1\nx"),
        ("x\nimport a", "k = 1\nx\nimport a"),
    ],
)
def test_statements_are_inserted_before_the_first_one_that_does_something(text: str, begun: str) -> None:
    """Below a cell magic, which has to come first, and below imports."""
    assert source(text).begun_with(parsed("k = 1")).text == begun


def test_a_statement_leaves_with_its_comment() -> None:
    """And no blank line stays where it was the first."""
    cell = source("a = 1\n\n# of b\nb = 2\n\nc = 3")
    assert cell.without([cell.statements[1].node]).text == "a = 1\n\nc = 3"
    assert cell.without([cell.statements[0].node, cell.statements[1].node]).text == "c = 3"
    assert cell.without([each.node for each in cell.statements]).is_blank


@pytest.mark.parametrize(
    ("text", "anew"),
    [
        ("x = 1", True),
        ("y = 2\nx = y", True),
        ("import x", True),
        ("x = x + 1", False),
        ("print(x)\nx = 1", False),
        ("if y:\n    x = 1", False),
        ("x += 1", False),
        ("x[0] = 1", False),
        ("y = 1", False),
    ],
)
def test_a_name_is_bound_anew_only_if_nothing_looks_at_it_before(text: str, anew: bool) -> None:
    """Otherwise the cell needs the value from above."""
    assert source(text).binds_anew("x") is anew


def test_names_of_functions_count_and_locals_of_comprehensions_do_not_bind() -> None:
    """`bound` is what a statement gives to the namespace, `mentioned` all that it names."""
    (statement,) = source("def f(a):\n    b = a").statements
    assert statement.bound == {"f"}
    (statement,) = source("x = [i for i in y]").statements
    assert (statement.bound, statement.mentioned) == ({"x"}, {"x", "i", "y"})


@pytest.mark.parametrize(("text", "shown"), [("x", True), ("x;", False), ("x = 1", False), ("f()  # a", True)])
def test_an_expression_is_shown_unless_a_semicolon_follows(text: str, shown: bool) -> None:
    """As in IPython."""
    assert source(text).statements[-1].is_shown is shown
