"""Models without a library: weights in arrays, in dicts and in classes."""

from tests.functional.cases.case import DATA, Case, cell

CASES = [
    Case(
        "fitted to data in a file that the cell then writes anew",
        cell(
            """
            import json
            import numpy as np

            class Mean:
                def fit(self, X):
                    self.w = np.mean(X, axis=0)
                    return self

                def predict(self, X):
                    return X @ self.w

            with open("state.json", "w") as f:
                json.dump({"X": [[1.25, 2.123456], [7.1234567, 3.3456789]]}, f)
            """,
            "reset",
        ),
        cell(
            """
            with open("state.json") as f:
                state = json.load(f)
            m = Mean().fit(np.array(state["X"]))
            with open("state.json", "w") as f:
                json.dump({"X": state["X"], "w": m.w.tolist()}, f)
            """,
            "reset",
            m="reset",
            kinds={"m": "model"},
        ),
    ),
    Case(
        "gradient descent on weights of an earlier cell",
        DATA,
        cell("w, lr = np.zeros(2), 0.1", "reset", w="reset"),
        cell(
            "for epoch in range(3):\n    w -= lr * X.T @ (X @ w - y) / len(X)",
            "in-place",
            w="in-place",
            X="untouched",
        ),
    ),
    Case(
        "gradient descent that starts over",
        DATA,
        cell(
            "w = np.zeros(2)\nfor epoch in range(3):\n    w = w - 0.1 * X.T @ (X @ w - y) / len(X)",
            "reset",
            w="reset",
            marks={"w": ()},
            how={"w": "recreated"},
        ),
    ),
    Case(
        "a softmax model in a dict, with momentum",
        DATA,
        cell("params = {'W': np.zeros((2, 2)), 'b': np.zeros(2)}\nvelocity = np.zeros((2, 2))", "reset"),
        cell(
            """
            scores = np.exp(X @ params["W"] + params["b"])
            probs = scores / scores.sum(axis=1, keepdims=True)
            error = probs - np.eye(2)[y]
            velocity = 0.9 * velocity - 0.1 * X.T @ error / len(X)
            params["W"] += velocity
            """,
            "in-place",
            params="in-place",
            velocity="in-place",
        ),
        cell("predicted = (X @ params['W'] + params['b']).argmax(axis=1)", "reset", params="untouched"),
    ),
    Case(
        "a class whose fit starts over",
        DATA,
        cell(
            """
            class Perceptron:
                def fit(self, X, y):
                    self.w = np.zeros(X.shape[1])
                    for row, target in zip(X, y):
                        self.w = self.w + (target - (row @ self.w > 0)) * row
                    return self
            """,
            "stateless",
        ),
        cell("model = Perceptron()", "reset", model="reset", how={"model": "recreated"}),
        cell("model.fit(X, y)", "reset", model="reset", how={"model": "refitted"}, marks={"model": ()}),
    ),
    Case(
        "a class whose fit carries on",
        DATA,
        cell(
            """
            class Linear:
                def __init__(self):
                    self.w, self.history = np.zeros(2), []

                def fit(self, X, y):
                    for step in range(2):
                        error = X @ self.w - y
                        self.w = self.w - 0.1 * X.T @ error / len(X)
                        self.history.append(float((error**2).mean()))
                    return self
            """,
            "stateless",
        ),
        cell("model = Linear()", "reset", model="reset"),
        cell("model.fit(X, y)", "in-place", model="in-place", changed=["model.w"]),
        cell("fresh = Linear().fit(X, y)", "reset", fresh="reset", model="untouched"),
        cell("last_loss = model.history[-1]", "reset", last_loss="reset", model="untouched"),
    ),
    Case(
        "an estimator of one's own",
        DATA,
        cell(
            """
            from sklearn.base import BaseEstimator

            class Mean(BaseEstimator):
                def __init__(self, decay=0.5):
                    self.decay = decay

                def fit(self, X, y=None):
                    self.mean_ = X.mean(axis=0)
                    return self

                def partial_fit(self, X, y=None):
                    self.mean_ = self.decay * self.mean_ + 1
                    return self
            """,
            "stateless",
        ),
        cell("est = Mean()", "reset", est="reset", kinds={"est": "model"}),
        cell("est.fit(X)", "reset", est="reset", how={"est": "refitted"}, kinds={"est": "model"}),
        cell("est.partial_fit(X)", "in-place", est="in-place", changed=["est.mean_"], kinds={"est": "model"}),
    ),
    Case(
        "a table of Q values and an exploration rate",
        cell("import numpy as np\nQ = np.zeros((2, 2))\neps = 1.0", "reset"),
        cell(
            "Q[0, 1] += 0.5 * (1 + 0.9 * Q[1].max() - Q[0, 1])\neps *= 0.9",
            "in-place",
            Q="in-place",
            eps="in-place",
        ),
        cell("policy = Q.argmax(axis=1)", "reset", policy="reset", Q="untouched"),
    ),
    Case(
        "k-means by hand",
        DATA,
        cell("centers = X[:2].copy()", "reset", centers="reset", X="untouched"),
        cell(
            """
            near = ((X[:, None] - centers) ** 2).sum(axis=2).argmin(axis=1)
            centers = 0.5 * centers + 0.5 * np.array([X[near == k].mean(axis=0) for k in range(2)])
            """,
            "in-place",
            centers="in-place",
        ),
    ),
    Case(
        "a bigram count and a vocabulary",
        cell("from collections import Counter\ntext = 'abracadabra'\nbigrams = Counter()", "reset"),
        cell("for pair in zip(text, text[1:]):\n    bigrams[pair] += 1", "in-place", bigrams="in-place"),
        cell(
            "vocab = {}\nfor letter in text:\n    vocab.setdefault(letter, len(vocab))",
            "reset",
            vocab="reset",
            text="untouched",
        ),
    ),
    Case(
        "a moving average and an optimizer step count",
        cell("state = {'step': 0, 'm': 0.0, 'v': 0.0}\navg = 0.0", "reset"),
        cell(
            "state['step'] += 1\nstate['m'] = 0.9 * state['m'] + 0.1 * 2.0\navg = 0.9 * avg + 0.1",
            "in-place",
            state="in-place",
            avg="in-place",
        ),
        cell("bias_corrected = state['m'] / (1 - 0.9 ** state['step'])", "reset", state="untouched"),
    ),
    Case(
        "layers that remember their input",
        cell(
            """
            import numpy as np

            class Layer:
                def __init__(self):
                    self.w, self.last, self.calls = np.ones(2), None, 0

                def forward(self, x):
                    self.last = x
                    return x @ self.w

                def counted(self, x):
                    self.calls += 1
                    return x @ self.w
            """,
            "stateless",
        ),
        cell("layer = Layer()\nnet = [layer, Layer()]", "reset", layer="reset", net="reset"),
        cell("out = layer.forward(np.arange(2.0))", "reset", out="reset", layer="reset"),
        cell("out2 = layer.counted(np.arange(2.0))", "in-place", out2="reset", layer="in-place", net="in-place"),
    ),
    Case(
        "asking a model puts it into a mode",
        cell(
            """
            class Net:
                def __init__(self):
                    self.training, self.table = True, None

                def fit(self):
                    self.training = True

                def predict(self, x):
                    self.training = False
                    return 2 * x

                def get(self):
                    if self.table is None:
                        self.table = [1, 2]
                    return self.table
            """,
            "stateless",
        ),
        cell("net = Net()", "reset", net="reset"),
        cell("pred = net.predict(3)", "reset", pred="reset", net="reset", how={"net": "refitted"}),
        cell("print(net.predict(4))", "stateless", net="untouched"),
        cell("net.fit()", "reset", net="reset"),
        cell("table = net.get()", None, net="persisted", via={"net": "kernel"}),
    ),
]
