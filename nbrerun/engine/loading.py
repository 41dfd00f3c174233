"""The code and the commands that bring the probe and the sandbox to a kernel."""

from __future__ import annotations

import json
import marshal
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from nbrerun.probe.protocol.messages import Generator
from nbrerun.probe.protocol.requests import SandboxFound
from nbrerun.probe.sandbox import keeper

_PROBE = Path(__file__).parent.parent / "probe"
UNFIT = "Unfit"
"""What the loader raises where the probe cannot run in the kernel; old Pythons have to be able to read it, too."""
_LOADER = """
import sys
class Unfit(Exception): pass
if sys.version_info < (3, 9):
    raise Unfit("it runs Python %s.%s" % tuple(sys.version_info[:2]))
if shell is None:
    raise Unfit("there is no get_ipython() in it")
if getattr(sys.modules.get("ipykernel"), "version_info", (0,))[0] < 6:
    raise Unfit("there is no ipykernel 6 or newer in it")
import importlib.util, marshal
spec = importlib.util.spec_from_file_location("_nbrerun_probe", {init!r}, submodule_search_locations=[{folder!r}])
package = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = package
spec.loader.exec_module(package)
with open({path!r}, "rb") as file:
    importlib.import_module("_nbrerun_probe.service").install(shell().kernel, *marshal.load(file))
"""
_KEEPER = "import sys; sys.path[:] = {path!r}; from {module} import main; main(sys.argv[1:])"


def loader(folder: str, address: str, seeds: Iterable[Generator], sandbox: SandboxFound) -> str:
    """Code that loads the probe into the kernel that executes it, and binds no name there.

    Args:
        folder: of this kernel; what is long is written there, since IPython tokenizes the code and hashes it.
        address: path of the socket that the probe connects to.
        seeds: the states in which the kernel's global generators begin.
        sandbox: the one that the kernel was started in.
    """
    path = os.path.join(folder, "install")
    with open(path, "wb") as file:
        file.write(marshal.dumps((address, list(seeds), dict(sandbox)), 2))
    code = _LOADER.format(init=str(_PROBE / "__init__.py"), folder=str(_PROBE), path=path)
    return f"exec({code!r}, {{'shell': globals().get('get_ipython')}})"


def keeper_command(
    address: str, home: str, kind: str, folders: Sequence[str], beside: Sequence[str], limit: int
) -> tuple[str, ...]:
    """The command of the keeper; the kernel's own command follows it.

    Args:
        address: path of the socket that the keeper connects to.
        home: the folder of this kernel.
        kind: of the sandbox; `overlay`, `copy` or `auto`.
        folders: that the sandbox keeps safe, the notebook's own first.
        beside: folders that it keeps safe where that is possible, and whose files are not judged.
        limit: bytes that the notebook may write.
    """
    request = {"address": address, "home": home, "sandbox": kind, "folders": folders, "beside": beside, "limit": limit}
    start = _KEEPER.format(path=[*sys.path, str(_PROBE.parent.parent)], module=keeper.__name__)
    # Isolated and without `site`: the keeper needs the standard library and psutil, and has to start quickly.
    return (sys.executable, "-I", "-S", "-c", start, json.dumps(request))
