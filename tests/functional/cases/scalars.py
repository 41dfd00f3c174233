"""Numbers, strings, dates and other single values."""

from tests.functional.cases.case import Case, cell

CASES = [
    Case(
        "a counter",
        cell("count = 0", "reset", count="reset", marks={"count": ()}, kinds={"count": "data"}),
        cell("count += 1", "in-place", count="in-place", marks={"count": ()}, changed=["count"]),
        cell("print(count)", "stateless", count="untouched"),
    ),
    Case(
        "a number made from itself, and one made from another",
        cell("x = 3\nrate = 0.5", "reset", x="reset", rate="reset"),
        cell("x = x * 2", "in-place", x="in-place", rate="untouched"),
        cell("z = x * 2", "reset", z="reset", x="untouched"),
        cell("rate *= 0.9", "in-place", rate="in-place"),
    ),
    Case(
        "a sign that flips each time",
        cell("sign = 1\nflag = False", "reset"),
        cell("sign = -sign", "in-place", sign="in-place"),
        cell("flag = not flag", "in-place", flag="in-place"),
    ),
    Case(
        "negative zero is not zero bit for bit",
        cell("z = 0.0", "reset", z="reset"),
        cell("z = -z", "in-place", z="in-place"),
        cell("w = -0.0", "reset", w="reset", marks={"w": ()}),
    ),
    Case(
        "nan equals nan",
        cell("x = float('nan')\nt = 1.0", "reset", x="reset", t="reset", marks={"x": ()}),
        cell("t = t + x", "reset", t="reset", marks={"t": ()}),
    ),
    Case(
        "idempotent changes of a number",
        cell("x = -3\nbest = float('inf')", "reset"),
        cell("x = abs(x)", "reset", x="reset", marks={"x": ()}),
        cell("best = min(best, 0.25)", "reset", best="reset"),
        cell("x = x + 0", "reset", x="reset"),
    ),
    Case(
        "the same value bound again counts as written",
        cell("x = 5", "reset"),
        cell("x = 5", "reset", x="reset", marks={"x": ()}),
    ),
    Case(
        "two names swapped",
        cell("a, b = 1, 2", "reset", a="reset", b="reset"),
        cell("a, b = b, a", "in-place", a="in-place", b="in-place"),
    ),
    Case(
        "strings that grow and strings that are cleaned",
        cell("text = '  Some Text '\nlog = ''\nword = 'ab'", "reset"),
        cell("text = text.strip().lower()", "reset", text="reset"),
        cell("log += 'epoch done\\n'", "in-place", log="in-place"),
        cell("word = word.replace('a', 'aa')", "in-place", word="in-place"),
    ),
    Case(
        "bytes",
        cell("raw = b'abc'", "reset", raw="reset"),
        cell("raw = raw + b'\\x00'", "in-place", raw="in-place"),
        cell("head = raw[:2]", "reset", head="reset", raw="untouched"),
    ),
    Case(
        "an integer with more digits than Python prints",
        cell("n = 10 ** 5000", "reset", n="reset"),
        cell("n *= 2", "in-place", n="in-place"),
    ),
    Case(
        "complex, fraction and decimal",
        cell(
            """
            from decimal import Decimal
            from fractions import Fraction
            z, f, d = 1 + 1j, Fraction(1, 3), Decimal("0.10")
            """,
            "reset",
            z="reset",
            f="reset",
            d="reset",
        ),
        cell("z *= 1j", "in-place", z="in-place"),
        cell("f += Fraction(1, 3)", "in-place", f="in-place"),
        cell("d = d.quantize(Decimal('0.1'))", "reset", d="reset"),
        cell("d = d / 2", "in-place", d="in-place"),
    ),
    Case(
        "dates that move on and dates that are fixed",
        cell(
            "from datetime import date, timedelta\nday = date(2024, 2, 28)\nstep = timedelta(days=1)",
            "reset",
            day="reset",
            step="reset",
        ),
        cell("day += step", "in-place", day="in-place", step="untouched"),
        cell("day = day.replace(day=1)", "reset", day="reset"),
    ),
    Case(
        "paths",
        cell("from pathlib import Path\np = Path('data')\nq = Path('a/b/c/d')", "reset", p="reset"),
        cell("p = p / 'raw'", "in-place", p="in-place"),
        cell("q = q.parent", "in-place", q="in-place"),
        cell("out = Path('data') / 'raw'", "reset", out="reset"),
    ),
    Case(
        "None, then a value",
        cell("best = None", "reset", best="reset"),
        cell("best = 1 if best is None else best + 1", "in-place", best="in-place"),
        cell("best = None", "reset", best="reset", marks={"best": ()}),
    ),
    Case(
        "several variables, the strongest decides",
        cell("n = 0", "reset"),
        cell("n += 1\nm = 10\nk = m + 1", "in-place", n="in-place", m="reset", k="reset"),
    ),
    Case(
        "semicolons, a walrus and annotations",
        cell("a = 1; b = [a, 2];", "reset", a="reset", b="reset"),
        cell("if (size := len(b)) > 1:\n    print(size)", "reset", size="reset", b="untouched"),
        cell("ratio: float = 0.5", "reset", ratio="reset"),
    ),
    Case(
        "learning rate decay",
        cell("lr, epoch = 0.1, 0", "reset", lr="reset", epoch="reset"),
        cell("lr *= 0.5\nepoch += 1", "in-place", lr="in-place", epoch="in-place"),
        cell("current = 0.1 * 0.5 ** epoch", "reset", current="reset", epoch="untouched"),
    ),
]
