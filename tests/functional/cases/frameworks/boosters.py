"""Boosters: rounds added, leaves refitted, evaluation results and callbacks that keep something."""

from tests.functional.cases.case import DATA, Case, cell
from tests.functional.cases.files_models import via_file

CASES = [
    Case(
        "xgboost: rounds, results, callbacks",
        DATA,
        cell(
            """
            import xgboost as xgb
            params = {"objective": "binary:logistic", "max_depth": 2, "nthread": 1}
            train = xgb.DMatrix(X, y)
            results = {}
            """,
            "reset",
            results="reset",
        ),
        cell(
            "booster = xgb.train(params, train, 3, evals=[(train, 'train')], evals_result=results, verbose_eval=False)",
            "reset",
            booster="reset",
            results="reset",
            how={"booster": "recreated"},
            marks={"booster": ()},
            kinds={"booster": "model"},
        ),
        cell("booster.update(train, 3)", "in-place", booster="in-place", train="untouched", kinds={"booster": "model"}),
        cell("pred = booster.predict(train)", "reset", pred="reset", booster="untouched", marks={"pred": {"drifts"}}),
        cell("booster.set_param('eta', 0.1)", None),
        cell("booster.set_attr(note='a')", "reset", booster="reset"),
        cell("part = booster[:2]", "reset", part="reset", booster="untouched", kinds={"part": "model"}),
        cell("text = booster.get_dump()", "reset", text="reset", booster="untouched", kinds={"text": "data"}),
        cell(
            """
            class Count(xgb.callback.TrainingCallback):
                def __init__(self):
                    self.rounds = 0

                def after_iteration(self, model, epoch, evals_log):
                    self.rounds += 1
                    return False
            """,
            "stateless",
        ),
        cell("count = Count()", "reset", count="reset"),
        cell(
            "counted = xgb.train(params, train, 2, callbacks=[count])",
            "reset",
            counted="reset",
            count="in-place",
            how={"counted": "recreated"},
        ),
        cell(
            """
            import os
            before = "resumed.ubj" if os.path.exists("resumed.ubj") else None
            grown = xgb.train(params, train, 2, xgb_model=before)
            grown.save_model("resumed.ubj")
            """,
            "in-place",
            grown="in-place",
            variables={"file:resumed.ubj": "in-place"},
        ),
        cell(
            """
            path = "written_first.ubj"
            grown.save_model(path)
            loaded = xgb.Booster()
            loaded.load_model(path)
            margins = loaded.predict(train)
            """,
            "reset",
            variables={"file:written_first.ubj": "persisted"},
            path="reset",
            loaded="reset",
            margins="reset",
            grown="untouched",
        ),
        cell(
            "given = xgb.Booster({'nthread': 1}, model_file='resumed.ubj')",
            "persisted",
            given="persisted",
            via={"given": "file"},
        ),
        cell("booster.update(train, 3)", "in-place", booster="in-place"),
        cell(
            "from sklearn.model_selection import GridSearchCV\n"
            "clf = xgb.XGBClassifier(n_estimators=2, n_jobs=1)\n"
            "search = GridSearchCV(clf, {'max_depth': [1, 2]}, cv=2).fit(X, y)",
            "reset",
            search="reset",
            clf="reset",
            how={"search": "recreated"},
            marks={"search": ()},
            kinds={"search": "model"},
        ),
        cell("search.fit(X, y);", "reset", search="reset", how={"search": "refitted"}, marks={"search": ()}),
    ),
    Case(
        "lightgbm: rounds, refitted leaves, callbacks",
        DATA,
        cell(
            """
            import lightgbm as lgb
            params = {"objective": "binary", "num_leaves": 3, "min_data_in_leaf": 2, "num_threads": 1, "verbose": -1}
            train = lgb.Dataset(X, y, free_raw_data=False)
            history = {}
            """,
            "reset",
            history="reset",
        ),
        cell(
            """
            booster = lgb.train(
                params, train, 3, valid_sets=[train], valid_names=["seen"], callbacks=[lgb.record_evaluation(history)]
            )
            """,
            "reset",
            booster="reset",
            history="reset",
            how={"booster": "recreated"},
            marks={"booster": ()},
            kinds={"booster": "model"},
        ),
        cell("pred = booster.predict(X)", "reset", pred="reset", booster="untouched", kinds={"pred": "data"}),
        cell(
            "booster = booster.refit(X, 1 - y, decay_rate=0.5)",
            "in-place",
            booster="in-place",
            kinds={"booster": "model"},
        ),
        cell("shared = lgb.Dataset(X, y, free_raw_data=False)", "reset", shared="reset", kinds={"shared": "data"}),
        cell(
            "fresh = lgb.train(params, shared, 2)",
            "reset",
            fresh="reset",
            marks={"fresh": {"drifts"}},  # the next cell leaves its first scores in the dataset
            kinds={"fresh": "model"},
        ),
        cell("more = lgb.train(params, shared, 2, init_model=fresh)", "reset", more="reset", fresh="untouched"),
        cell("raw = lgb.Booster(params, lgb.Dataset(X, y))", "reset", raw="reset", how={"raw": "recreated"}),
        cell("raw.update();", "in-place", raw="in-place", kinds={"raw": "model"}),
        cell("raw.rollback_one_iter();", None),
        cell("text = booster.model_to_string()", "reset", text="reset", booster="untouched", kinds={"text": "data"}),
        cell("copied = lgb.Booster(model_str=text)", "reset", copied="reset", kinds={"copied": "model"}),
        cell(
            """
            import os
            if os.path.exists("once.txt"):
                once = lgb.Booster(model_file="once.txt")
            else:
                lgb.train(params, lgb.Dataset(X, y), 2).save_model("once.txt")
                once = lgb.Booster(model_file="once.txt")
            """,
            "persisted",
            once="persisted",
            via=via_file("once"),
        ),
    ),
]

CATBOOST = Case(
    "catboost: fitted again",
    DATA,
    cell(
        """
        from catboost import CatBoostClassifier
        few = {"iterations": 2, "depth": 2, "thread_count": 1, "verbose": 0, "allow_writing_files": False}
        clf = CatBoostClassifier(**few).fit(X, y)
        """,
        "reset",
        clf="reset",
    ),
    cell("clf.fit(X, y);", "reset", clf="reset", how={"clf": "refitted"}, marks={"clf": ()}),
    cell("print(clf.predict(X)[:3], clf.get_best_score())", "stateless", clf="untouched"),
    cell(
        """
        logged = CatBoostClassifier(**{**few, "allow_writing_files": True}).fit(X, y)
        logged.save_model("logged.cbm")
        """,
        "reset",
        logged="reset",
        variables={"file:logged.cbm": "persisted", "file:catboost_info/catboost_training.json": "reset"},
        marks={
            f"file:{name}": ()
            for name in (
                *("logged.cbm", "catboost_info/catboost_training.json", "catboost_info/time_left.tsv"),
                "catboost_info/learn/events.out.tfevents",
            )
        },
    ),
)
