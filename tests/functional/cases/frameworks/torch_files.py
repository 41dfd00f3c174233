"""PyTorch: checkpoints, whole models, safetensors, and wrappers that people write themselves."""

from tests.functional.cases.case import Case, cell
from tests.functional.cases.files_models import saves, via_file
from tests.functional.cases.frameworks.torch_training import DATA

STEP = cell(
    """
    import os

    def make():
        torch.manual_seed(0)
        net = nn.Linear(2, 1)
        return net, torch.optim.Adam(net.parameters(), lr=0.1)

    def train(net, opt):
        for epoch in range(2):
            opt.zero_grad()
            mse(net(X), y).backward()
            opt.step()
    """,
    "stateless",
)

CASES = [
    Case(
        "torch: checkpoints",
        DATA,
        STEP,
        cell("net, opt = make()", "reset", net="reset", opt="reset"),
        cell(
            "train(net, opt)\ntorch.save({'net': net.state_dict(), 'opt': opt.state_dict()}, 'ckpt.pt')",
            "in-place",
            net="in-place",
            opt="in-place",
            variables={"file:ckpt.pt": "in-place"},
        ),
        cell("ckpt = torch.load('ckpt.pt')", "persisted", ckpt="persisted", net="untouched", via=via_file("ckpt")),
        cell("net.load_state_dict(ckpt['net'])", "reset", net="reset", how={"net": "refitted"}),
        cell("train(net, opt)", "in-place", net="in-place", ckpt="untouched"),
        cell(
            "net.load_state_dict(ckpt['net'])\nopt.load_state_dict(ckpt['opt'])",
            "reset",
            net="reset",
            opt="reset",
            ckpt="untouched",
            how={"net": "refitted", "opt": "refitted"},
        ),
        cell(
            """
            net, opt = make()
            ckpt = torch.load("ckpt.pt")
            net.load_state_dict(ckpt["net"])
            opt.load_state_dict(ckpt["opt"])
            """,
            "persisted",
            net="persisted",
            opt="persisted",
            ckpt="persisted",
            via=via_file("net", "opt", "ckpt"),
            variables={"file:ckpt.pt": "untouched"},
        ),
        cell(
            """
            net, opt = make()
            if os.path.exists("resumed.pt"):
                net.load_state_dict(torch.load("resumed.pt"))
            train(net, opt)
            torch.save(net.state_dict(), "resumed.pt")
            """,
            "in-place",
            net="in-place",
            variables={"file:resumed.pt": "in-place"},
        ),
        cell(
            """
            net, opt = make()
            if os.path.exists("once.pt"):
                net.load_state_dict(torch.load("once.pt"))
            else:
                train(net, opt)
                torch.save(net.state_dict(), "once.pt")
            """,
            None,  # the weights come back, the gradients and the optimizer's moments do not
            variables={"file:once.pt": "reset"},
        ),
        cell(
            """
            def trained():
                net, opt = make()
                train(net, opt)
                net.zero_grad()
                return net

            clean = make()[0]
            if os.path.exists("clean.pt"):
                clean.load_state_dict(torch.load("clean.pt"))
            else:
                clean = trained()
                torch.save(clean.state_dict(), "clean.pt")
            """,
            "persisted",
            clean="persisted",
            via=via_file("clean"),
            variables={"file:clean.pt": "reset"},
        ),
        cell(
            "net, opt = make()\ntrain(net, opt)\ntorch.save(net.state_dict(), 'net.pt')",
            "reset",
            net="reset",
            opt="reset",
            how={"net": "recreated"},
        ),
        cell(
            """
            for number in range(2):
                train(net, opt)
                torch.save(net.state_dict(), f"epoch-{number}.pt")
            """,
            "in-place",
            net="in-place",
            variables={"file:epoch-0.pt": "in-place", "file:epoch-1.pt": "in-place"},
        ),
    ),
    Case(
        "torch: networks that are loaded into something, and then trained; a loss in a checkpoint",
        DATA,
        STEP,
        cell(
            """
            net, opt = make()
            train(net, opt)
            loss = mse(net(X), y)
            torch.save({"net": net.state_dict(), "loss": loss}, "ckpt.pt")
            """,
            "reset",
            net="reset",
            variables={"file:ckpt.pt": "persisted"},
            marks={"file:ckpt.pt": ()},  # the memory behind the loss is none of it
        ),
        cell(
            """
            nets = [make()[0] for _ in range(2)]
            for each in nets:
                each.load_state_dict(torch.load("ckpt.pt")["net"])
                train(each, torch.optim.SGD(each.parameters(), lr=0.1))
            """,
            "persisted",
            nets="persisted",
            via=via_file("nets"),
        ),
        cell(
            """
            class Trainer:
                def __init__(self, where):
                    self.net, self.opt = make()
                    self.net.load_state_dict(torch.load(where)["net"])

            trainer = Trainer("ckpt.pt")
            train(trainer.net, trainer.opt)
            """,
            "persisted",
            trainer="persisted",
            via=via_file("trainer"),
        ),
        cell(
            """
            class Study:
                def __init__(self, where):
                    self.teacher, self.student = make()[0], make()[0]
                    self.teacher.load_state_dict(torch.load(where)["net"])

            study = Study("ckpt.pt")
            for net in (study.teacher, study.student):
                nn.init.zeros_(net.weight)
                nn.init.zeros_(net.bias)
            """,
            "reset",
            study="reset",
        ),
    ),
    Case(
        "torch: whole models, safetensors and pickles",
        DATA,
        STEP,
        cell("from safetensors.torch import load_file, save_file\nimport joblib", "stateless"),
        cell("net, opt = make()\ntrain(net, opt)", "reset", net="reset"),
        saves("torch.save(net, 'whole.pt')", "whole.pt", net="untouched"),
        cell(
            "again = torch.load('whole.pt', weights_only=False)",
            "persisted",
            again="persisted",
            net="untouched",
            via=via_file("again"),
            kinds={"again": "model"},
        ),
        saves("save_file(net.state_dict(), 'net.safetensors')", "net.safetensors", net="untouched"),
        cell(
            "tensors = load_file('net.safetensors')",
            "persisted",
            tensors="persisted",
            via=via_file("tensors"),
        ),
        cell(
            "net.load_state_dict(load_file('net.safetensors'))",
            "persisted",
            net="persisted",
            again="untouched",
            via=via_file("net"),
        ),
        saves(
            "with open('net.bin', 'wb') as file:\n    torch.save(net.state_dict(), file)", "net.bin", net="untouched"
        ),
        cell(
            "again.load_state_dict(torch.load('net.bin'))",
            "persisted",
            again="persisted",
            net="untouched",
            via=via_file("again"),
        ),
        saves("joblib.dump(net, 'net.joblib');", "net.joblib", net="untouched"),
        cell(
            "again = joblib.load('net.joblib')",
            "persisted",
            again="persisted",
            via=via_file("again"),
            kinds={"again": "model"},
        ),
        cell(
            "train(again, torch.optim.SGD(again.parameters(), lr=0.1))", "in-place", again="in-place", net="untouched"
        ),
        cell("torch.save(X, 'X.pth')", "reset", X="untouched", variables={"file:X.pth": "reset"}),
    ),
    Case(
        "torch: a wrapper with fit and partial_fit, and a trainer",
        DATA,
        cell(
            """
            import joblib

            class Regressor:
                def __init__(self, lr=0.1):
                    self.lr = lr

                def fit(self, X, y):
                    torch.manual_seed(0)
                    self.module_ = nn.Linear(2, 1)
                    self.optimizer_ = torch.optim.SGD(self.module_.parameters(), lr=self.lr)
                    self.history_ = []
                    return self.partial_fit(X, y)

                def partial_fit(self, X, y):
                    self.optimizer_.zero_grad()
                    loss = mse(self.module_(X), y)
                    loss.backward()
                    self.optimizer_.step()
                    self.history_.append(loss.item())
                    return self

                def predict(self, X):
                    with torch.no_grad():
                        return self.module_(X)

                def store(self, where):
                    torch.save(self.module_.state_dict(), where)

                def revive(self, where):
                    self.module_.load_state_dict(torch.load(where))

            class Lit(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.layer = nn.Linear(2, 1)

                def training_step(self, batch):
                    xb, yb = batch
                    return mse(self.layer(xb), yb)

                def configure_optimizers(self):
                    return torch.optim.Adam(self.parameters(), lr=0.1)

            class Trainer:
                def __init__(self, max_epochs):
                    self.max_epochs, self.global_step = max_epochs, 0

                def fit(self, model, loader):
                    self.optimizer = model.configure_optimizers()
                    for epoch in range(self.max_epochs):
                        for batch in loader:
                            self.optimizer.zero_grad()
                            model.training_step(batch).backward()
                            self.optimizer.step()
                            self.global_step += 1

            class EarlyStopping:
                def __init__(self, patience):
                    self.patience, self.waited, self.best = patience, 0, float("inf")

                def stops(self, loss):
                    self.waited = 0 if loss < self.best else self.waited + 1
                    self.best = min(loss, self.best)
                    return self.waited >= self.patience
            """,
            "stateless",
        ),
        cell("reg = Regressor()", "reset", reg="reset", kinds={"reg": "model"}),
        cell("reg.fit(X, y);", "reset", reg="reset", how={"reg": "refitted"}, marks={"reg": ()}),
        cell("reg.partial_fit(X, y);", "in-place", reg="in-place", kinds={"reg": "model"}),
        saves("joblib.dump(reg, 'reg.joblib');", "reg.joblib", reg="untouched"),
        cell("again = joblib.load('reg.joblib')", "persisted", again="persisted", via=via_file("again")),
        saves("reg.store('reg.pt')", "reg.pt", reg="untouched"),
        cell("reg.partial_fit(X, y);", "in-place", reg="in-place"),
        cell("reg.revive('reg.pt')", "persisted", reg="persisted", via=via_file("reg")),
        cell("reg.revive('reg.pt')\nreg.fit(X, y);", "reset", reg="reset", how={"reg": "refitted"}),
        cell(
            """
            torch.manual_seed(0)
            lit, trainer = Lit(), Trainer(max_epochs=1)
            loader = DataLoader(TensorDataset(X, y), batch_size=8, shuffle=True)
            stopper = EarlyStopping(patience=2)
            history = {"loss": []}
            """,
            "reset",
            lit="reset",
            trainer="reset",
            stopper="reset",
            marks={"lit": ()},
            kinds={"lit": "model"},
        ),
        cell("trainer.fit(lit, loader)", "in-place", lit="in-place", trainer="in-place", loader="untouched"),
        cell(
            "torch.manual_seed(0)\nfresh = Lit()\nTrainer(max_epochs=1).fit(fresh, loader)",
            "reset",
            fresh="reset",
            lit="untouched",
            how={"fresh": "recreated"},
            marks={"fresh": ()},
        ),
        cell(
            """
            for epoch in range(10):
                trainer.fit(lit, loader)
                loss = lit.training_step((X, y)).item()
                history["loss"].append(loss)
                if stopper.stops(loss):
                    break
            """,
            "in-place",
            lit="in-place",
            stopper="in-place",
            history="in-place",
            trainer="in-place",
        ),
        cell("fresh.layer.weight.data.clamp_(-0.1, 0.1);", "reset", fresh="reset"),
    ),
    Case(
        "torch: a compiled model",
        DATA,
        cell("torch.manual_seed(0)\nnet = nn.Linear(2, 1)", "reset", net="reset"),
        cell(
            "fast = torch.compile(net, backend='eager')",
            "reset",
            fast="reset",
            net="untouched",
            how={"fast": "recreated"},
            marks={"fast": ()},
            kinds={"fast": "model"},
        ),
        cell("pred = fast(X).detach()", "reset", pred="reset", fast="untouched", net="untouched"),
        cell(
            "loss = mse(fast(X), y)\nloss.backward()\ntorch.optim.SGD(fast.parameters(), lr=0.1).step()",
            "in-place",
            net="in-place",
            fast="in-place",
        ),
        cell(  # the compiler puts names of its own into the namespace
            """
            @torch.compile(backend="eager")
            def twice(value):
                return 2 * value

            class Net(nn.Linear):
                def forward(self, value):
                    return twice(super().forward(value))

            torch.manual_seed(0)
            own = torch.compile(Net(2, 1), backend="eager")
            doubled = own(X).detach()
            """,
            "reset",
            own="reset",
            doubled="reset",
        ),
        cell("print(own(X[:3]), own(X[:5]))", "stateless"),
    ),
]
