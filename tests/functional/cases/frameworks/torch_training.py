"""PyTorch: training loops, the order of the data, modes, gradients, schedulers, parts of networks."""

from tests.functional.cases.case import Case, cell

DATA = cell(
    """
    import copy
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset
    X = torch.linspace(-1, 1, 32).reshape(16, 2)
    y = X.sum(1, keepdim=True)
    mse = nn.functional.mse_loss
    """,
    "reset",
    X="reset",
    y="reset",
    kinds={"X": "data"},
)

CASES = [
    Case(
        "torch: batch normalisation, dropout and modes",
        DATA,
        cell(
            """
            torch.manual_seed(0)
            model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))
            opt = torch.optim.Adam(model.parameters(), lr=0.01)
            """,
            "reset",
            model="reset",
            opt="reset",
            how={"model": "recreated"},
            marks={"model": (), "opt": ()},
            kinds={"model": "model", "opt": "model"},
        ),
        cell(
            """
            for epoch in range(2):
                opt.zero_grad()
                loss = mse(model(X), y)
                loss.backward()
                opt.step()
            """,
            "in-place",
            model="in-place",
            opt="in-place",
            loss="reset",
            X="untouched",
            marks={"model": (), "opt": ()},
            kinds={"model": "model", "opt": "model", "loss": "data"},
            changed=["model[1].num_batches_tracked", "opt.state[0].step"],
        ),
        cell(
            "model.eval();",
            "reset",
            model="reset",
            opt="untouched",
            how={"model": "refitted"},
            marks={"model": {"drifts"}},
        ),
        cell(
            "with torch.no_grad():\n    pred = model(X)",
            "reset",
            pred="reset",
            model="untouched",
            marks={"pred": {"drifts"}},
            kinds={"pred": "data"},
        ),
        cell("print(model(X).mean().item())", "stateless", model="untouched"),
        cell("model.train();", "reset", model="reset", opt="untouched", marks={"model": ()}),
        cell(
            "out = model(X)",
            "in-place",
            model="in-place",
            out="reset",
            opt="untouched",
            marks={"model": (), "out": {"unseeded"}},
            changed=["model[1].num_batches_tracked", "model[1].running_mean"],
        ),
    ),
    Case(
        "torch: started over in the cell that trains",
        DATA,
        cell(
            """
            def train(net, opt, epochs=2):
                for epoch in range(epochs):
                    opt.zero_grad()
                    loss = mse(net(X), y)
                    loss.backward()
                    opt.step()
                return loss.item()
            """,
            "stateless",
        ),
        cell(
            "net = nn.Linear(2, 1)\nopt = torch.optim.SGD(net.parameters(), lr=0.1)\nlast = train(net, opt)",
            "reset",
            net="reset",
            last="reset",
            how={"net": "recreated"},
            marks={"net": {"unseeded"}, "last": {"unseeded"}},
            kinds={"net": "model", "last": "data"},
        ),
        cell(
            """
            torch.manual_seed(0)
            net = nn.Linear(2, 1)
            opt = torch.optim.Adam(net.parameters(), lr=0.1)
            last = train(net, opt)
            """,
            "reset",
            net="reset",
            opt="reset",
            last="reset",
            how={"net": "recreated", "opt": "recreated"},
            marks={"net": (), "opt": (), "last": ()},
        ),
        cell("last = train(net, opt)", "in-place", net="in-place", opt="in-place", last="reset"),
        cell(
            "opt = torch.optim.Adam(net.parameters(), lr=0.1)\nlast = train(net, opt)",
            "in-place",
            net="in-place",
            opt="reset",
        ),
        cell(
            "torch.manual_seed(0)\nnet = nn.Linear(2, 1)\nlast = train(net, opt)",
            "reset",
            net="reset",
            last="reset",
            how={"net": "recreated"},
            marks={"net": ()},
        ),
        cell("losses = []", "reset", losses="reset"),
        cell(
            """
            torch.manual_seed(0)
            net = nn.Linear(2, 1)
            losses.append(train(net, torch.optim.SGD(net.parameters(), lr=0.1)))
            """,
            "reset",
            net="reset",
            losses="in-place",
        ),
    ),
    Case(
        "torch: the order of the data",
        DATA,
        cell(
            """
            def epoch(net, opt, loader):
                for xb, yb in loader:
                    opt.zero_grad()
                    mse(net(xb), yb).backward()
                    opt.step()

            def fresh():
                torch.manual_seed(0)
                net = nn.Linear(2, 1)
                return net, torch.optim.SGD(net.parameters(), lr=0.1)
            """,
            "stateless",
        ),
        cell("data = TensorDataset(X, y)", "reset", data="reset", kinds={"data": "data"}),
        cell(
            """
            loader = DataLoader(data, batch_size=4, shuffle=True)
            own = DataLoader(data, batch_size=4, shuffle=True, generator=torch.Generator().manual_seed(0))
            net, opt = fresh()
            """,
            "reset",
            loader="reset",
            own="reset",
            net="reset",
            marks={"loader": (), "own": (), "net": ()},
            kinds={"loader": "data"},
        ),
        cell("epoch(net, opt, loader)", "in-place", net="in-place", loader="untouched", kinds={"net": "model"}),
        cell("epoch(net, opt, own)", "in-place", net="in-place"),
        cell("net, opt = fresh()\nepoch(net, opt, loader)", "reset", net="reset", marks={"net": ()}),
        cell("net, opt = fresh()\nepoch(net, opt, own)", "reset", net="reset", marks={"net": {"unseeded"}}),
        cell("first, target = next(iter(loader))", "reset", first="reset", marks={"first": {"unseeded"}}),
        cell("batches = iter(loader)", "reset", batches="reset"),
        cell("first, target = next(batches)", "in-place", batches="in-place", first="reset", target="reset"),
        cell(
            "net, opt = fresh()\ntorch.seed()\nepoch(net, opt, loader)",
            "reset",
            net="reset",
            marks={"net": {"nondeterministic"}},
        ),
    ),
    Case(
        "torch: gradients, freezing and hooks",
        DATA,
        cell("torch.manual_seed(0)\nnet = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))", "reset", net="reset"),
        cell(
            "loss = mse(net(X), y)\nloss.backward()",
            "in-place",
            net="in-place",
            loss="reset",
            marks={"net": ()},
        ),
        cell(
            "norm = nn.utils.clip_grad_norm_(net.parameters(), 0.01)",
            "in-place",
            net="in-place",
            norm="reset",
            kinds={"norm": "data"},
        ),
        cell("net.zero_grad()", "reset", net="reset", how={"net": "refitted"}, marks={"net": {"drifts"}}),
        cell(
            "net.zero_grad()\nmse(net(X), y).backward()",
            "reset",
            net="reset",
            how={"net": "refitted"},
            marks={"net": {"drifts"}},
        ),
        cell(
            "for parameter in net[0].parameters():\n    parameter.requires_grad = False",
            "reset",
            net="reset",
            how={"net": "refitted"},
            marks={"net": {"drifts"}},
        ),
        cell("handle = net.register_forward_hook(lambda *given: None)", "in-place", net="in-place"),
        cell("net[0].requires_grad_(True);", "reset", net="reset", marks={"net": ()}),
        cell("for parameter in net.parameters():\n    parameter.data.mul_(0.9)", "in-place", net="in-place"),
        cell(
            "with torch.no_grad():\n    net[1].bias.zero_()",
            "reset",
            net="reset",
            how={"net": "refitted"},
            marks={"net": ()},
        ),
    ),
    Case(
        "torch: parts of networks, shared and copied",
        DATA,
        cell(
            """
            torch.manual_seed(0)
            net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
            opt = torch.optim.SGD(net.parameters(), lr=0.1)
            state = net.state_dict()
            best = copy.deepcopy(net.state_dict())
            ema = copy.deepcopy(net)
            """,
            "reset",
            net="reset",
            state="reset",
            best="reset",
            ema="reset",
            marks={"best": (), "ema": ()},
            kinds={"ema": "model"},
        ),
        cell(
            "opt.zero_grad()\nmse(net(X), y).backward()\nopt.step()",
            "in-place",
            net="in-place",
            state="in-place",
            best="untouched",
            ema="untouched",
        ),
        cell(
            """
            with torch.no_grad():
                for old, new in zip(ema.parameters(), net.parameters()):
                    old.mul_(0.9).add_(new, alpha=0.1)
            """,
            "in-place",
            ema="in-place",
            net="untouched",
            marks={"ema": ()},
        ),
        cell(
            "student = nn.Sequential(net[0], nn.ReLU(), nn.Linear(3, 1))",
            "reset",
            student="reset",
            net="untouched",
            marks={"student": {"unseeded", "drifts"}},
            kinds={"student": "model"},
        ),
        cell(
            "sgd = torch.optim.SGD(student.parameters(), lr=0.1)\nmse(student(X), y).backward()\nsgd.step()",
            "in-place",
            student="in-place",
            net="in-place",
        ),
        cell(
            "net.load_state_dict(best)",
            "reset",
            net="reset",
            best="untouched",
            how={"net": "refitted"},
            marks={"net": ()},
        ),
        cell("best = copy.deepcopy(net.state_dict())", "reset", best="reset", net="untouched"),
        cell("torch.manual_seed(0)\none, two = nn.Linear(2, 2), nn.Linear(2, 2)", "reset", one="reset", two="reset"),
        cell("two.weight = one.weight", "reset", two="reset", one="untouched", marks={"two": ()}),
        cell(
            "two(X).sum().backward()\nwith torch.no_grad():\n    two.weight -= 0.1 * two.weight.grad",
            "in-place",
            one="in-place",
            two="in-place",
        ),
        cell(
            """
            def shrink(layer):
                if isinstance(layer, nn.Linear):
                    layer.weight.data *= 0.5

            def zero(layer):
                if isinstance(layer, nn.Linear):
                    nn.init.zeros_(layer.weight)
            """,
            "stateless",
        ),
        cell("ema.apply(shrink);", "in-place", ema="in-place", net="untouched"),
        cell("ema.apply(zero);", "reset", ema="reset", marks={"ema": ()}),
        cell("ema.double();", "reset", ema="reset", marks={"ema": ()}),
    ),
    Case(
        "torch: schedulers, scalers and generators",
        DATA,
        cell(
            """
            torch.manual_seed(0)
            net = nn.Linear(2, 1)
            opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
            steps = torch.optim.lr_scheduler.StepLR(opt, step_size=1, gamma=0.5)
            scaler = torch.amp.GradScaler("cpu", growth_interval=10)
            """,
            "reset",
            net="reset",
            opt="reset",
            steps="reset",
            scaler="reset",
            marks={"net": (), "opt": (), "steps": (), "scaler": ()},
            kinds={"opt": "model", "steps": "model"},
        ),
        cell("opt.step()\nsteps.step()", "in-place", opt="in-place", steps="in-place", net="untouched"),
        cell(
            """
            opt.zero_grad()
            scaler.scale(mse(net(X), y)).backward()
            scaler.step(opt)
            scaler.update()
            """,
            "in-place",
            net="in-place",
            opt="in-place",
            scaler="in-place",
            steps="untouched",
        ),
        cell(
            "steps = torch.optim.lr_scheduler.ExponentialLR(opt, 0.9)\nsteps.step()",
            "in-place",
            opt="in-place",
            net="untouched",
        ),
        cell(
            "for group in opt.param_groups:\n    group['lr'] = 0.01",
            "reset",
            opt="reset",
            net="untouched",
            marks={"opt": ()},
        ),
        cell("g = torch.Generator().manual_seed(0)", "reset", g="reset", kinds={"g": "generator"}),
        cell("noise = torch.randn(2, generator=g)", "reset", noise="reset", marks={"noise": {"unseeded"}}),
        cell("g.manual_seed(1)\nnoise = torch.randn(2, generator=g)", "reset", noise="reset", marks={"noise": ()}),
        cell("torch.manual_seed(0);", "reset", net="untouched"),
        cell("noise = torch.randn(2)", "reset", noise="reset", marks={"noise": {"unseeded"}}),
        cell(
            "with torch.random.fork_rng():\n    torch.manual_seed(3)\n    same = torch.randn(2)", "reset", same="reset"
        ),
        cell("X *= 2", "in-place", X="in-place"),
        cell("X = (X - X.mean(0)) / X.std(0)", "in-place", X="in-place"),
    ),
]
