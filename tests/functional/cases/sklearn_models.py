"""Estimators, transformers, pipelines and searches of scikit-learn."""

from tests.functional.cases.case import DATA, Case, cell

MODEL = {"clf": "model"}

CASES = [
    Case(
        "partial_fit on a model of an earlier cell",
        DATA,
        cell(
            "from sklearn.linear_model import SGDClassifier\nclf = SGDClassifier(random_state=0)",
            "reset",
            clf="reset",
            how={"clf": "recreated"},
            kinds=MODEL,
        ),
        cell(
            "clf.partial_fit(X, y, classes=[0, 1])",
            "in-place",
            clf="in-place",
            X="untouched",
            marks={"clf": ()},
            kinds=MODEL,
            changed=["clf.coef_", "clf.t_"],
        ),
        cell("clf.score(X, y)", "stateless", clf="untouched"),
        cell("losses = []", "reset"),
        cell(
            "for epoch in range(2):\n    clf.partial_fit(X, y)\n    losses.append(1 - clf.score(X, y))",
            "in-place",
            clf="in-place",
            losses="in-place",
        ),
        cell(
            """
            fresh = SGDClassifier(random_state=0)
            for epoch in range(2):
                fresh.partial_fit(X, y, classes=[0, 1])
            """,
            "reset",
            fresh="reset",
            clf="untouched",
            how={"fresh": "recreated"},
        ),
    ),
    Case(
        "fit called twice starts over twice",
        DATA,
        cell("from sklearn.linear_model import SGDClassifier\nclf = SGDClassifier(random_state=0)", "reset"),
        cell(
            "clf.fit(X[:20], y[:20])",
            "reset",
            clf="reset",
            how={"clf": "refitted"},
            kinds=MODEL,
            marks={"clf": ()},
        ),
        cell("clf.fit(X, y)", "reset", clf="reset", how={"clf": "refitted"}, marks={"clf": ()}),
        cell(
            "clf = SGDClassifier(random_state=0).fit(X, y)",
            "reset",
            clf="reset",
            how={"clf": "recreated"},
            kinds=MODEL,
        ),
    ),
    Case(
        "warm_start carries on",
        DATA,
        cell(
            """
            import warnings
            from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
            from sklearn.linear_model import SGDClassifier
            from sklearn.neural_network import MLPClassifier
            sgd = SGDClassifier(warm_start=True, random_state=0)
            mlp = MLPClassifier((3,), warm_start=True, max_iter=2, random_state=0)
            gb = GradientBoostingClassifier(n_estimators=2, warm_start=True, random_state=0).fit(X, y)
            rf = RandomForestClassifier(n_estimators=2, warm_start=True, random_state=0).fit(X, y)
            """,
            "reset",
            sgd="reset",
            gb="reset",
        ),
        cell("sgd.fit(X, y)", "in-place", sgd="in-place", kinds={"sgd": "model"}, changed=["sgd.coef_"]),
        cell("mlp.fit(X, y)", "in-place", mlp="in-place", kinds={"mlp": "model"}),
        cell("gb.n_estimators += 2\ngb.fit(X, y)", "in-place", gb="in-place", changed=["gb.n_estimators"]),
        cell("rf.set_params(n_estimators=rf.n_estimators + 2).fit(X, y)", "in-place", rf="in-place"),
        cell("cold = SGDClassifier(warm_start=True, random_state=0).fit(X, y)", "reset", cold="reset"),
    ),
    Case(
        "every partial_fit moves on",
        DATA,
        cell(
            """
            from sklearn.cluster import MiniBatchKMeans
            from sklearn.decomposition import IncrementalPCA
            from sklearn.naive_bayes import GaussianNB
            from sklearn.preprocessing import StandardScaler
            km = MiniBatchKMeans(n_clusters=2, n_init=1, random_state=0)
            pca, nb, scaler = IncrementalPCA(n_components=1), GaussianNB(), StandardScaler()
            """,
            "reset",
            kinds={"km": "model", "scaler": "model"},
        ),
        cell("km.partial_fit(X)", "in-place", km="in-place"),
        cell("pca.partial_fit(X)", "in-place", pca="in-place", changed=["pca.n_samples_seen_"]),
        cell("nb.partial_fit(X, y, classes=[0, 1])", "in-place", nb="in-place", changed=["nb.class_count_"]),
        cell("scaler.partial_fit(X)", "in-place", scaler="in-place", changed=["scaler.n_samples_seen_"]),
        cell("scaler.fit(X)", "reset", scaler="reset", how={"scaler": "refitted"}),
    ),
    Case(
        "forests with and without a seed",
        DATA,
        cell(
            """
            from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
            loose = RandomForestClassifier(n_estimators=3)
            """,
            "reset",
            loose="reset",
            how={"loose": "recreated"},
            marks={"loose": ()},
        ),
        cell(
            "loose.fit(X, y)",
            "reset",
            loose="reset",
            how={"loose": "refitted"},
            marks={"loose": {"unseeded"}},
        ),
        cell(
            "seeded = RandomForestClassifier(n_estimators=3, random_state=0).fit(X, y)",
            "reset",
            seeded="reset",
            marks={"seeded": ()},
            how={"seeded": "recreated"},
        ),
        cell(
            "extra = ExtraTreesClassifier(n_estimators=3).fit(X, y)",
            "reset",
            extra="reset",
            marks={"extra": {"unseeded"}},
            kinds={"extra": "model"},
        ),
        cell("np.random.seed(1)\nloose.fit(X, y)", "reset", loose="reset", marks={"loose": ()}),
    ),
    Case(
        "a RandomState shared between cells",
        DATA,
        cell(
            "from sklearn.ensemble import RandomForestClassifier\nrng = np.random.RandomState(0)",
            "reset",
            kinds={"rng": "generator"},
        ),
        cell(
            "forest = RandomForestClassifier(n_estimators=3, random_state=rng).fit(X, y)",
            "reset",
            forest="reset",
            marks={"forest": {"unseeded"}},
            kinds={"forest": "model"},
        ),
        cell(
            "own = RandomForestClassifier(n_estimators=3, random_state=np.random.RandomState(0)).fit(X, y)",
            "reset",
            own="reset",
            marks={"own": ()},
        ),
    ),
    Case(
        "a pipeline",
        DATA,
        cell(
            """
            from sklearn.linear_model import LogisticRegression
            from sklearn.pipeline import make_pipeline
            from sklearn.preprocessing import StandardScaler
            pipe = make_pipeline(StandardScaler(), LogisticRegression())
            """,
            "reset",
            pipe="reset",
            how={"pipe": "recreated"},
            kinds={"pipe": "model"},
        ),
        cell("pipe.fit(X, y)", "reset", pipe="reset", how={"pipe": "refitted"}, marks={"pipe": ()}),
        cell("pipe.set_params(logisticregression__C=0.5)", "reset", pipe="reset"),
        cell("pipe[-1].C *= 2", "in-place", pipe="in-place", kinds={"pipe": "model"}),
        cell("pred = pipe.predict(X)", "reset", pred="reset", pipe="untouched", kinds={"pred": "data"}),
    ),
    Case(
        "a grid search and its best estimator",
        DATA,
        cell(
            """
            from sklearn.linear_model import LogisticRegression
            from sklearn.model_selection import GridSearchCV
            search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2)
            """,
            "reset",
            kinds={"search": "model"},
        ),
        cell("search.fit(X, y)", "reset", search="reset", how={"search": "refitted"}, marks={"search": ()}),
        cell(
            "best = search.best_estimator_",
            "reset",
            best="reset",
            search="untouched",
            kinds={"best": "model"},
        ),
        cell("C = search.best_params_['C']", "reset", C="reset", search="untouched"),
        cell("search = search.best_estimator_", "error"),
    ),
    Case(
        "models that keep the data they were fitted to",
        DATA,
        cell(
            """
            from sklearn.model_selection import GridSearchCV
            from sklearn.neighbors import KNeighborsClassifier
            search = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 3]}, cv=2)
            knn = KNeighborsClassifier()
            """,
            "reset",
        ),
        cell("search.fit(X, y)", "reset", search="reset", how={"search": "refitted"}, marks={"search": {"drifts"}}),
        cell("search.fit(X[:40], y[:40])", "reset", search="reset", marks={"search": {"drifts"}}),
        cell("X = X * 2\nknn.fit(X, y)", "in-place", X="in-place", knn="reset", marks={"knn": {"follows"}}),
    ),
    Case(
        "clusters and boosted histograms with a seed",
        DATA,
        cell(
            """
            from sklearn.cluster import KMeans
            from sklearn.ensemble import HistGradientBoostingClassifier
            km = KMeans(2, n_init=1, random_state=0)
            hgb = HistGradientBoostingClassifier(max_iter=2, random_state=0)
            """,
            "reset",
        ),
        cell("km.fit(X)", "reset", km="reset", how={"km": "refitted"}, marks={"km": ()}),
        cell("hgb.fit(X, y)", "reset", hgb="reset", how={"hgb": "refitted"}, marks={"hgb": ()}),
        cell("labels = km.labels_ + 0", "reset", labels="reset", km="untouched"),
        cell("hgb.predict(X[:3])", "stateless", hgb="untouched"),
    ),
    Case(
        "parameters set on an estimator",
        cell(
            "from sklearn.linear_model import SGDClassifier\nclf = SGDClassifier()",
            "reset",
            marks={"clf": ()},
        ),
        cell("clf.set_params(alpha=0.1)", "reset", clf="reset", kinds=MODEL),
        cell("clf.alpha = 0.5", "reset", clf="reset"),
        cell("clf.alpha *= 2", "in-place", clf="in-place", changed=["clf.alpha"]),
    ),
    Case(
        "models in lists and dicts",
        DATA,
        cell(
            """
            from sklearn.linear_model import LogisticRegression, SGDClassifier
            models = [LogisticRegression(), SGDClassifier(random_state=0)]
            by_name = {}
            """,
            "reset",
            kinds={"models": "model"},
        ),
        cell("for m in models:\n    m.fit(X, y)", "reset", models="reset", how={"models": "refitted"}),
        cell(
            "by_name['lr'] = LogisticRegression().fit(X, y)",
            "reset",
            by_name="reset",
            kinds={"by_name": "model"},
        ),
        cell("models[1].partial_fit(X, y)", "in-place", models="in-place", by_name="untouched"),
        cell("models.append(LogisticRegression())", "in-place", models="in-place"),
        cell("scores = [each.score(X, y) for each in models[:2]]", "reset", scores="reset", models="untouched"),
    ),
    Case(
        "copies of a model",
        DATA,
        cell(
            """
            import copy
            from sklearn.base import clone
            from sklearn.linear_model import SGDClassifier
            clf = SGDClassifier(random_state=0).fit(X, y)
            """,
            "reset",
            clf="reset",
        ),
        cell("twin = clone(clf).fit(X, y)", "reset", twin="reset", clf="untouched"),
        cell("deep = copy.deepcopy(clf)\ndeep.partial_fit(X, y)", "reset", deep="reset", clf="untouched"),
        cell("same = clf\nsame.partial_fit(X, y)", "in-place", same="reset", clf="in-place"),
    ),
    Case(
        "a scaler that overwrites its input",
        DATA,
        cell(
            """
            from sklearn.preprocessing import MinMaxScaler
            Z = X * 3
            scaler, other = MinMaxScaler(), MinMaxScaler()
            """,
            "reset",
        ),
        cell("X_scaled = scaler.fit_transform(X)", "reset", X_scaled="reset", scaler="reset", X="untouched"),
        cell("Z = other.fit_transform(Z)", "in-place", other="reset", kinds={"other": "model", "Z": "data"}),
        cell("X_test = scaler.transform(X[:5])", "reset", X_test="reset", scaler="untouched"),
        cell("X = scaler.transform(X)", "in-place", X="in-place", scaler="untouched"),
    ),
    Case(
        "labels encoded over themselves",
        cell(
            """
            from sklearn.preprocessing import LabelEncoder
            y = ["b", "a", "b"]
            names = ["x", "y"]
            le, other = LabelEncoder(), LabelEncoder()
            """,
            "reset",
        ),
        cell("y = le.fit_transform(y)", "in-place", le="in-place", y="reset", changed=["le.classes_"]),
        cell("codes = other.fit_transform(names)", "reset", codes="reset", other="reset", names="untouched"),
    ),
    Case(
        "the model decides",
        DATA,
        cell(
            """
            from sklearn.linear_model import LogisticRegression, SGDClassifier
            clf, sgd, runs, scores = LogisticRegression(), SGDClassifier(random_state=0), 0, []
            """,
            "reset",
        ),
        cell("clf.fit(X, y)\nruns += 1", "reset", clf="reset", runs="in-place"),
        cell("clf = LogisticRegression().fit(X, y)\nscores.append(1)", "reset", clf="reset", scores="in-place"),
        cell("sgd.partial_fit(X, y, classes=[0, 1])\nn = len(X)", "in-place", sgd="in-place", n="reset"),
        cell("scores.append(clf.score(X, y))", "in-place", scores="in-place", clf="untouched"),
        cell("clf.fit(X, y)\nsgd.partial_fit(X, y)", "in-place", clf="reset", sgd="in-place"),
    ),
    Case(
        "a model refitted on data that the cell itself moves",
        DATA,
        cell("from sklearn.linear_model import LinearRegression\nreg = LinearRegression()", "reset"),
        cell("X = X * 2\nreg.fit(X, y)", "in-place", X="in-place", reg="reset", changed=["reg.coef_"]),
        cell("reg.fit(X, y)", "reset", reg="reset", how={"reg": "refitted"}),
    ),
    Case(
        "validation leaves the model alone",
        DATA,
        cell(
            """
            from sklearn.linear_model import LogisticRegression
            from sklearn.metrics import accuracy_score
            from sklearn.model_selection import KFold, cross_val_score
            clf = LogisticRegression().fit(X, y)
            """,
            "reset",
        ),
        cell(
            "scores = cross_val_score(clf, X, y, cv=2)",
            "reset",
            scores="reset",
            clf="untouched",
            marks={"scores": ()},
        ),
        cell(
            "proba = clf.predict_proba(X)[:, 1]",
            "reset",
            proba="reset",
            clf="untouched",
            kinds={"proba": "data"},
        ),
        cell("print(accuracy_score(y, clf.predict(X)))", "stateless", clf="untouched"),
        cell(
            """
            accs = []
            for train, test in KFold(2).split(X):
                fold = LogisticRegression().fit(X[train], y[train])
                accs.append(fold.score(X[test], y[test]))
            """,
            "reset",
            accs="reset",
            fold="reset",
        ),
    ),
    Case(
        "a model trained by functions",
        DATA,
        cell(
            """
            from sklearn.linear_model import SGDClassifier

            def train():
                model = SGDClassifier(random_state=0)
                return model.fit(X, y)

            def step():
                clf.partial_fit(X, y)

            def step_on(model):
                model.partial_fit(X, y)

            def fit_local():
                model = SGDClassifier(random_state=0).fit(X, y)
                return model.score(X, y)
            """,
            "stateless",
        ),
        cell("clf = train()", "reset", clf="reset", how={"clf": "recreated"}),
        cell("step()", "in-place", clf="in-place"),
        cell("step_on(clf)", "in-place", clf="in-place"),
        cell("fit_local()", "stateless", clf="untouched"),
        cell("first = train()\nsecond = train()", "reset", first="reset", second="reset", clf="untouched"),
    ),
    Case(
        "a model refitted by functions of the notebook, with the same result",
        DATA,
        cell(
            """
            from sklearn.ensemble import RandomForestClassifier
            from sklearn.linear_model import LogisticRegression
            from sklearn.neighbors import KNeighborsClassifier
            clf = LogisticRegression().fit(X, y)
            others = [
                RandomForestClassifier(n_estimators=2).fit(X, y),
                KNeighborsClassifier(algorithm="kd_tree").fit(X, y),
            ]

            def refit(model):
                model.fit(X, y)

            def refit_clf():
                clf.fit(X, y)

            def rate(model):
                return model.score(X, y)
            """,
            "reset",
            clf="reset",
        ),
        cell("clf.fit(X, y)", "reset", clf="reset", how={"clf": "refitted"}),
        cell("refit(clf)", "reset", clf="reset", how={"clf": "refitted"}),
        cell("refit_clf()", "reset", clf="reset", how={"clf": "refitted"}),
        cell("rate(clf)", "stateless", clf="untouched"),
        cell("rate(others[0]), rate(others[1])", "stateless", others="untouched"),
    ),
    Case(
        "trees asked for what only trees know",
        DATA,
        cell(
            """
            from sklearn.ensemble import GradientBoostingClassifier
            from sklearn.tree import DecisionTreeClassifier
            tree = DecisionTreeClassifier(random_state=0).fit(X, y)
            gb = GradientBoostingClassifier(n_estimators=2, random_state=0).fit(X, y)
            """,
            "reset",
        ),
        cell("tree.get_depth()", "stateless", tree="untouched"),
        cell("leaf = tree.apply(X)", "reset", leaf="reset", tree="untouched"),
        cell("stages = list(gb.staged_predict(X))", "reset", stages="reset", gb="untouched"),
        cell("tree.fit(X, y)", "reset", tree="reset", how={"tree": "refitted"}),
    ),
    Case(
        "a vectorizer that learns nothing",
        cell("from sklearn.feature_extraction.text import HashingVectorizer\nvec = HashingVectorizer()", "reset"),
        cell("counts = vec.transform(['a cat', 'the dog'])", "reset", counts="reset", vec="untouched"),
    ),
    Case(
        "text, votes and bags",
        DATA,
        cell(
            """
            from sklearn.ensemble import BaggingClassifier, VotingClassifier
            from sklearn.feature_extraction.text import CountVectorizer
            from sklearn.linear_model import LogisticRegression
            from sklearn.tree import DecisionTreeClassifier
            vec = CountVectorizer()
            parts = [("lr", LogisticRegression()), ("dt", DecisionTreeClassifier(random_state=0))]
            vote = VotingClassifier(parts)
            """,
            "reset",
            kinds={"vec": "model", "vote": "model"},
        ),
        cell("counts = vec.fit_transform(['a cat', 'the dog'])", "reset", vec="reset", counts="reset"),
        cell("vote.fit(X, y)", "reset", vote="reset", how={"vote": "refitted"}, marks={"vote": ()}),
        cell(
            "bag = BaggingClassifier(DecisionTreeClassifier(), n_estimators=2).fit(X, y)",
            "reset",
            bag="reset",
            marks={"bag": {"unseeded"}},
        ),
        cell("vec.vocabulary_['new'] = len(vec.vocabulary_)", "in-place", vec="in-place"),
    ),
]
