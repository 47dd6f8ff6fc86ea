"""The processes that train together, on one machine or several: accelerate, kept to what the loop needs.

Every process has the same networks and its own clips; what they agree on are sums: of gradients, of loss terms, of
signals. The networks aren't wrapped (a generator that is called frame by frame, and in parts, does not fit
DistributedDataParallel): gradients are added up before each update, in one piece for every 25 million numbers.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer

from ..errors import InputError, MissingExtraError

Precision = Literal["fp32", "bf16", "fp16"]

BUCKET = 25_000_000
"""Numbers that are sent at a time."""
PATIENCE = 1.0
"""Seconds after which the processes that wait for one of them are told that it is still at work."""


class Team:
    """This process among those that train together; one process alone is a team, too."""

    def __init__(self, device: torch.device, precision: Precision = "fp32") -> None:
        """device: of a process that is alone; among several each takes the GPU with its number, or all the CPU."""
        try:
            from accelerate import Accelerator
        except ImportError as error:
            raise MissingExtraError("training", "train") from error
        if precision == "fp16" and device.type == "cpu":
            raise InputError("training in fp16 needs a GPU; choose bf16 or fp32")
        if device.type == "cuda" and device.index is not None:
            torch.cuda.set_device(device)
        named = "no" if precision == "fp32" else precision
        try:
            self._accelerator: Any = Accelerator(cpu=device.type == "cpu", mixed_precision=named)
        except ValueError as error:
            raise InputError(f"training in {precision} is not possible here: {error}") from error
        self.size: int = self._accelerator.num_processes
        self.rank: int = self._accelerator.process_index
        self.device: torch.device = device if self.size == 1 else self._accelerator.device

    @property
    def leads(self) -> bool:
        """Whether this process writes files for all."""
        return self.rank == 0

    def precision(self) -> AbstractContextManager[None]:
        """Convolutions inside the block calculate in the run's precision."""
        context: AbstractContextManager[None] = self._accelerator.autocast()
        return context

    def backward(self, loss: Tensor, parameters: Sequence[Parameter]) -> None:
        """Add the gradients of `loss` to these parameters and to no others."""
        self._accelerator.backward(loss, inputs=list(parameters))

    def update(self, optimizers: Sequence[Optimizer]) -> None:
        """Average the gradients over the processes, change the weights, forget the gradients.

        Parameters without a gradient in any process are left alone. Half precision whose gradients overflow skips the
        update.
        """
        scaler = self._accelerator.scaler
        for optimizer in optimizers:
            self._average(optimizer)
            if all(parameter.grad is None for parameter in _parameters(optimizer)):
                continue
            if scaler is None:
                optimizer.step()
            else:
                scaler.step(optimizer)
        if scaler is not None:
            scaler.update()
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)

    def _average(self, optimizer: Optimizer) -> None:
        if self.size == 1:
            return
        parameters = _parameters(optimizer)
        there = torch.tensor([float(p.grad is not None) for p in parameters], device=self.device)
        used = self._sum(there).tolist()
        shared = [parameter for parameter, count in zip(parameters, used, strict=True) if count]
        for parameter in shared:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        for bucket in _buckets(shared):
            gradients = [parameter.grad for parameter in bucket if parameter.grad is not None]
            flat = self._sum(torch.cat([gradient.flatten() for gradient in gradients])) / self.size
            for gradient, part in zip(
                gradients, torch.split(flat, [g.numel() for g in gradients]), strict=True
            ):
                gradient.copy_(part.view_as(gradient))

    def any(self, signals: Sequence[bool]) -> list[bool]:
        """For each signal, whether any process gives it."""
        if self.size == 1:
            return list(signals)
        counts = self._sum(torch.tensor([float(signal) for signal in signals], device=self.device))
        return [count > 0 for count in counts.tolist()]

    def gather(self, value: object) -> list[Any]:
        """What every process gives, in their order, in every process."""
        from accelerate.utils import gather_object

        gathered: list[Any] = gather_object([value])
        return gathered

    def first(self, work: Callable[[], None]) -> None:
        """The process that leads does `work`, the others wait for it, however long; where it fails, all stop.

        A barrier would lose patience: instead the processes agree again and again that the work isn't done.
        """
        if self.size == 1:
            work()
            return
        job = _Job(work) if self.leads else None
        over = failed = False
        while not over:
            ended = job is not None and job.ended(PATIENCE)
            over, failed = self.any([ended, ended and job is not None and job.error is not None])
        if job is not None and job.error is not None:
            raise job.error
        if failed:
            raise InputError("the process that leads the others had to stop; it says why")

    def wait(self) -> None:
        """Until every process is here."""
        self._accelerator.wait_for_everyone()

    def scaler_state(self) -> dict[str, float]:
        """How half precision scales its losses, for a checkpoint; empty in other precisions."""
        scaler = self._accelerator.scaler
        return {} if scaler is None else {name: float(value) for name, value in scaler.state_dict().items()}

    def restore_scaler(self, state: dict[str, float]) -> None:
        """Go on with what `scaler_state` gave."""
        scaler = self._accelerator.scaler
        if scaler is not None and state:
            like = scaler.state_dict()
            scaler.load_state_dict({name: type(like[name])(state[name]) for name in like})

    def _sum(self, x: Tensor) -> Tensor:
        total: Tensor = self._accelerator.reduce(x, "sum")
        return total


class _Job:
    """Work in a thread of its own, which ends with the process."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.error: BaseException | None = None
        self._work = work
        self._thread = threading.Thread(target=self._go, daemon=True)
        self._thread.start()

    def ended(self, seconds: float) -> bool:
        """Wait so long at most."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _go(self) -> None:
        try:
            self._work()
        except BaseException as error:  # the thread that waits raises it
            self.error = error


def _parameters(optimizer: Optimizer) -> list[Parameter]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _buckets(parameters: Sequence[Parameter]) -> Iterator[list[Parameter]]:
    """The parameters in their order, in rows of about `BUCKET` numbers."""
    row: list[Parameter] = []
    count = 0
    for parameter in parameters:
        row.append(parameter)
        count += parameter.numel()
        if count >= BUCKET:
            yield row
            row, count = [], 0
    if row:
        yield row
