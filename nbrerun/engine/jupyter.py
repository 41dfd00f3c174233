"""How nbrerun's kernels differ from those that Jupyter starts: who starts them, and how they are waited for."""

from __future__ import annotations

import contextlib
import math
import time
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from traitlets import Type, default

_IOPUB_SECONDS = 0.2
"""Until the kernel is asked once more: what it published before this side had subscribed is lost."""
_TICK = 1.0
"""Seconds between two looks at whether something came, or a kernel that does not answer is still alive."""


class _PatientChannel(AsyncZMQSocketChannel):
    """A channel that looks for a message every now and then, whether it was notified of one or not.

    A socket's descriptor signals edges only (zmq_getsockopt(3), ZMQ_FD). nbclient's output widgets send on the shell
    channel while it waits there for the reply, and the edge of that reply can be lost.
    """

    async def get_msg(  # type: ignore[override]  # so is that of the class above, which derives from a plain one
        self, timeout: float | None = None
    ) -> dict[str, Any]:
        """Wait for a message.

        Args:
            timeout: in seconds; None to wait for ever.

        Raises:
            Empty: none came in time.
        """
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        while True:
            try:
                return await super().get_msg(max(0.0, min(_TICK, deadline - time.monotonic())))
            except Empty:
                if time.monotonic() >= deadline:
                    raise


class PatientClient(AsyncKernelClient):
    """Waits no longer than it has to, and for no message in vain."""

    shell_channel_class = Type(_PatientChannel)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers on the shell channel, and is heard on the IOPub channel.

        Unlike jupyter_client, it does not wait for silence (0.2 s): nbclient ignores what belongs to no cell.

        Args:
            timeout: in seconds; None to wait for ever.

        Raises:
            RuntimeError: the kernel did not answer in time, or died.
        """
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        while True:
            self.kernel_info()
            with contextlib.suppress(Empty):
                await self.shell_channel.get_msg(timeout=_TICK)
                await self.iopub_channel.get_msg(timeout=_IOPUB_SECONDS)
                return
            if not await self._async_is_alive():
                raise RuntimeError("the kernel died before it answered")
            if time.monotonic() > deadline:
                raise RuntimeError(f"the kernel did not answer in {timeout:g} seconds")


class KeptManager(AsyncKernelManager):
    """Has the kernel started by its keeper, as a kernelspec says that need not be installed."""

    keeper: tuple[str, ...] = ()
    chosen: KernelSpec | None = None

    @property
    def kernel_spec(self) -> KernelSpec | None:
        """The kernelspec that was chosen."""
        return self.chosen

    @property
    def ipykernel(self) -> bool:
        """Whether it is IPython's: nbclient keeps the history of such a kernel in memory.

        Unlike jupyter_client, it does not go by the kernelspec's name: any name may be that of an environment.
        """
        return self.chosen is not None and any("ipykernel" in word for word in self.chosen.argv)

    @default("client_factory")
    def _patient_client(self) -> type[AsyncKernelClient]:
        return PatientClient

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """Put the keeper in front."""
        return [*self.keeper, *super().format_kernel_cmd(extra_arguments)]
