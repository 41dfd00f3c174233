"""Numbers, strings, dates and other single values."""

from tests.functional.cases.case import Case, cell

CASES = [
    Case(
        "a counter; a number made from itself, and one made from another; a sign that flips each time",
        cell("count = 0", "reset", count="reset", marks={"count": ()}, kinds={"count": "data"}),
        cell("count += 1", "in-place", count="in-place", marks={"count": ()}, changed=["count"]),
        cell("print(count)", "stateless", count="untouched"),
        cell("x = 3\nrate = 0.5", "reset", x="reset", rate="reset"),
        cell("x = x * 2", "in-place", x="in-place", rate="untouched"),
        cell("z = x * 2", "reset", z="reset", x="untouched"),
        cell("rate *= 0.9", "in-place", rate="in-place"),
        cell("sign = 1\nflag = False", "reset"),
        cell("sign = -sign", "in-place", sign="in-place"),
        cell("flag = not flag", "in-place", flag="in-place"),
    ),
    Case(
        "negative zero is not zero bit for bit; nan equals nan; two names swapped",
        cell("z = 0.0", "reset", z="reset"),
        cell("z = -z", "in-place", z="in-place"),
        cell("w = -0.0", "reset", w="reset", marks={"w": ()}),
        cell("x = float('nan')\nt = 1.0", "reset", x="reset", t="reset", marks={"x": ()}),
        cell("t = t + x", "reset", t="reset", marks={"t": ()}),
        cell("a, b = 1, 2", "reset", a="reset", b="reset"),
        cell("a, b = b, a", "in-place", a="in-place", b="in-place"),
    ),
    Case(
        "idempotent changes of a number; strings that grow and strings that are cleaned; bytes",
        cell("x = -3\nbest = float('inf')", "reset"),
        cell("x = abs(x)", "reset", x="reset", marks={"x": ()}),
        cell("best = min(best, 0.25)", "reset", best="reset"),
        cell("x = x + 0", "reset", x="reset"),
        cell("text = '  Some Text '\nlog = ''\nword = 'ab'", "reset"),
        cell("text = text.strip().lower()", "reset", text="reset"),
        cell("log += 'epoch done\\n'", "in-place", log="in-place"),
        cell("word = word.replace('a', 'aa')", "in-place", word="in-place"),
        cell("raw = b'abc'", "reset", raw="reset"),
        cell("raw = raw + b'\\x00'", "in-place", raw="in-place"),
        cell("head = raw[:2]", "reset", head="reset", raw="untouched"),
    ),
    Case(
        "the same value bound again; an integer too long to print; complex, fraction and decimal",
        cell("x = 5", "reset"),
        cell("x = 5", "reset", x="reset", marks={"x": ()}),
        cell("n = 10 ** 5000", "reset", n="reset"),
        cell("n *= 2", "in-place", n="in-place"),
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
        "dates that move on and dates that are fixed; paths; None, then a value",
        cell(
            "from datetime import date, timedelta\nday = date(2024, 2, 28)\nstep = timedelta(days=1)",
            "reset",
            day="reset",
            step="reset",
        ),
        cell("day += step", "in-place", day="in-place", step="untouched"),
        cell("day = day.replace(day=1)", "reset", day="reset"),
        cell("from pathlib import Path\np = Path('data')\nq = Path('a/b/c/d')", "reset", p="reset"),
        cell("p = p / 'raw'", "in-place", p="in-place"),
        cell("q = q.parent", "in-place", q="in-place"),
        cell("out = Path('data') / 'raw'", "reset", out="reset"),
        cell("best = None", "reset", best="reset"),
        cell("best = 1 if best is None else best + 1", "in-place", best="in-place"),
        cell("best = None", "reset", best="reset", marks={"best": ()}),
    ),
    Case(
        "several variables, the strongest decides; semicolons, a walrus and annotations; learning rate decay",
        cell("n = 0", "reset"),
        cell("n += 1\nm = 10\nk = m + 1", "in-place", n="in-place", m="reset", k="reset"),
        cell("a = 1; b = [a, 2];", "reset", a="reset", b="reset"),
        cell("if (size := len(b)) > 1:\n    print(size)", "reset", size="reset", b="untouched"),
        cell("ratio: float = 0.5", "reset", ratio="reset"),
        cell("lr, epoch = 0.1, 0", "reset", lr="reset", epoch="reset"),
        cell("lr *= 0.5\nepoch += 1", "in-place", lr="in-place", epoch="in-place"),
        cell("current = 0.1 * 0.5 ** epoch", "reset", current="reset", epoch="untouched"),
    ),
]
