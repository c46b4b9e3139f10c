"""A worker process of its own: run as a program, it works one workflow until it is killed or done.

python -m tests.support.interrupted_worker URL EXECUTOR LEDGER (hang | finish)
"""

import asyncio
import sys
from pathlib import Path

from server.core.workflows import WorkflowEngine, WorkflowQueue

QUEUE = WorkflowQueue("test", concurrency=2, polling_interval_s=0.05)
WORKFLOW_ID = "two-steps:1"


async def work(url: str, executor_id: str, ledger: Path, *, hang: bool) -> None:
    """Run the two steps; with ``hang``, say so and wait in the second one to be killed."""
    engine = WorkflowEngine(url, executor_id=executor_id, queues=[QUEUE])

    def note(line: str) -> None:
        with ledger.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    async def first() -> str:
        note("first")
        return "kept"

    async def second(result: str) -> None:
        note(f"second after {result}")
        if hang:
            sys.stdout.write("hanging\n")
            sys.stdout.flush()
            await asyncio.Event().wait()

    async def body(_argument: str) -> None:
        result = await engine.step("first", first)
        await engine.step("second", second, result)
        note("done")

    engine.register("two-steps", body)
    await engine.start()
    if hang:
        await engine.enqueue(QUEUE.name, "two-steps", WORKFLOW_ID, "argument")
    while True:
        status = await engine.status(WORKFLOW_ID)
        if status is not None and status.state.finished:
            break
        await asyncio.sleep(0.05)
    await engine.stop(grace_s=0)


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], Path(sys.argv[3]), hang=sys.argv[4] == "hang"))
