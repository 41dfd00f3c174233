"""Arrays, views and sparse matrices."""

from tests.functional.cases.case import Case, cell

CASES = [
    Case(
        "an array that grows in place, which numpy allows only where nothing else refers to it",
        cell("import numpy as np\na = np.arange(3.0)", "reset"),
        cell("a.resize(a.size + 1, refcheck=False)", "in-place", a="in-place"),
        cell("a.resize(a.size + 1)", "in-place", a="in-place"),
        cell("b = np.zeros(3)\nb.resize(5)", "reset", b="reset", a="untouched", how={"b": "recreated"}),
        cell(
            """
            class Buffer:
                def __init__(self):
                    self.n, self.data = 0, np.zeros(2)
                def push(self, value):
                    if self.n == len(self.data):
                        self.data.resize(2 * self.n, refcheck=False)
                    self.data[self.n] = value
                    self.n += 1
            buffer = Buffer()
            """,
            "reset",
        ),
        cell("for i in range(4):\n    buffer.push(i)", "in-place", buffer="in-place"),
    ),
    Case(
        "standardised with stored moments; pixels divided by 255; scaled to the unit interval twice",
        cell(
            """
            import numpy as np
            X = np.array([[1.0, 20.0], [2.0, 30.0], [4.0, 10.0]])
            mean, std = X.mean(axis=0), X.std(axis=0)
            """,
            "reset",
            X="reset",
            mean="reset",
        ),
        cell("X = (X - mean) / std", "in-place", X="in-place", mean="untouched", std="untouched"),
        cell("import numpy as np\nimages = np.arange(8.0)\ntest = np.arange(4.0)", "reset"),
        cell("images, test = images / 255, test / 255", "in-place", images="in-place", test="in-place"),
        cell("import numpy as np\na = np.array([3.0, 7.0, 5.0])\nb = np.array([2.0, 8.0])", "reset"),
        cell("a = (a - a.min()) / (a.max() - a.min())", "reset", a="reset", marks={"a": ()}),
        cell("b /= b.max()", "reset", b="reset"),
    ),
    Case(
        "standardised under a new name; reshape to a column, and an axis added each time; arrays that grow",
        cell("import numpy as np\nX = np.array([[1.0, 20.0], [2.0, 30.0], [4.0, 10.0]])", "reset"),
        cell("X_std = (X - X.mean(axis=0)) / X.std(axis=0)", "reset", X_std="reset", X="untouched"),
        cell("import numpy as np\ny = np.arange(4)\nz = np.arange(4)\nw = np.ones((2, 3))", "reset"),
        cell("y = y.reshape(-1, 1)", "reset", y="reset"),
        cell("z = z[:, np.newaxis]", "in-place", z="in-place"),
        cell("w = w.T", "in-place", w="in-place"),
        cell("y.shape = (2, 2)", "reset", y="reset"),
        cell("import numpy as np\na = np.array([1.0])\nb = np.eye(2)", "reset"),
        cell("a = np.append(a, 2.0)", "in-place", a="in-place"),
        cell("b = np.vstack([b, np.ones(2)])", "in-place", b="in-place"),
        cell("u = np.unique(a)", "reset", u="reset", a="untouched"),
    ),
    Case(
        "a bias column added; changes inside an array",
        cell("import numpy as np\nX = np.ones((3, 2))\nZ = np.ones((3, 2))", "reset"),
        cell("X = np.c_[np.ones(len(X)), X]", "in-place", X="in-place"),
        cell("Z_b = np.c_[np.ones(len(Z)), Z]", "reset", Z_b="reset", Z="untouched"),
        cell("import numpy as np\na = np.array([-1.0, 2.0])\nb = np.zeros(3)\nc = np.array([3, 1, 2])", "reset"),
        cell("a[a < 0] = 0", "reset", a="reset"),
        cell("b += 1", "in-place", b="in-place"),
        cell("c.sort()", "reset", c="reset"),
        cell("np.clip(a, 0, 1, out=a)", "reset", a="reset"),
        cell("np.add(b, 1, out=b)", "in-place", b="in-place"),
        cell("b.fill(0)", "reset", b="reset"),
    ),
    Case(
        "a type converted; an array of objects; a structured array",
        cell("import numpy as np\na = np.array([1.6, 2.4])", "reset"),
        cell("a = a.astype(np.float32)", "reset", a="reset"),
        cell("a = a.astype(int)", "reset", a="reset"),
        cell("import numpy as np\nboxes = np.array([[1], [2, 3]], dtype=object)", "reset", boxes="reset"),
        cell("boxes[0].append(9)", "in-place", boxes="in-place"),
        cell("boxes[1] = 'x'", "reset", boxes="reset"),
        cell(
            """
            import numpy as np
            people = np.array([('ann', 30), ('bo', 40)], dtype=[('name', 'U8'), ('age', 'i4')])
            """,
            "reset",
            people="reset",
        ),
        cell("people['age'] += 1", "in-place", people="in-place"),
        cell("people['name'][0] = 'eve'", "reset", people="reset"),
    ),
    Case(
        "a view under another name; a masked array; matrix power by repeated product",
        cell("import numpy as np\na = np.arange(4)", "reset"),
        cell("v = a[:2]", "reset", v="reset", a="untouched"),
        cell("v += 1", "in-place", v="in-place", a="in-place"),
        cell("c = a[:2].copy()\nc += 1", "reset", c="reset", a="untouched"),
        cell("import numpy as np\nm = np.ma.array([1.0, 2.0, 3.0], mask=[0, 0, 1])", "reset", m="reset"),
        cell("m[0] = np.ma.masked", "reset", m="reset"),
        cell("m.mask = ~m.mask", "in-place", m="in-place"),
        cell("import numpy as np\nT = np.array([[0.5, 0.5], [0.2, 0.8]])\np = np.array([1.0, 0.0])", "reset"),
        cell("p = p @ T", "in-place", p="in-place", T="untouched"),
        cell("steady = np.linalg.matrix_power(T, 50)[0]", "reset", steady="reset"),
    ),
    Case(
        "order flipped and rolled; dates and scalars of numpy",
        cell("import numpy as np\na = np.arange(4)\nb = np.arange(4)", "reset"),
        cell("a = a[::-1]", "in-place", a="in-place"),
        cell("b = np.roll(b, 1)", "in-place", b="in-place"),
        cell("import numpy as np\nday = np.datetime64('2024-01-01')\nn = np.float64(2)", "reset"),
        cell("day = day + np.timedelta64(1, 'D')", "in-place", day="in-place"),
        cell("n **= 2", "in-place", n="in-place"),
        cell("zero = np.array(0)", "reset", zero="reset"),
        cell("zero += 1", "in-place", zero="in-place"),
    ),
    Case(
        "nan in arrays; sparse matrices",
        cell("import numpy as np\na = np.array([1.0, np.nan])", "reset", a="reset", marks={"a": ()}),
        cell("a[np.isnan(a)] = 0.0", "reset", a="reset"),
        cell("b = np.full(3, np.nan)", "reset", b="reset", marks={"b": ()}),
        cell(
            """
            import scipy.sparse as sp
            m = sp.csr_matrix([[0.0, 1.0], [2.0, 0.0]])
            lil = sp.lil_matrix((2, 2))
            """,
            "reset",
            m="reset",
            lil="reset",
        ),
        cell("m = m + m", "in-place", m="in-place"),
        cell("m.data *= 2", "in-place", m="in-place"),
        cell("lil[0, 0] = 5", "reset", lil="reset"),
        cell("m = m.tocsc()", "reset", m="reset"),
        cell("total = m.sum()", "reset", total="reset"),
    ),
    Case(
        "written through a view",
        cell("import numpy as np\na = np.arange(6.0)\nb = np.zeros(3)", "reset"),
        cell("part = a[1:3]\npart[0] = 99", "reset", part="reset", a="reset"),
        cell("row = b.reshape(1, 3)[0]\nrow[:] = 7", "reset", b="reset"),
        cell("copied = b.copy()\ncopied[0] = 1", "reset", copied="reset", b="untouched"),
    ),
]
