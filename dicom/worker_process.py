"""The child's side of `dicom.worker_pool`: a process that limits itself before it reads a stranger.

Requests come on standard input and answers leave on standard output, each a four-byte big endian
length and that many bytes.
"""

import fcntl
import os
import resource
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

LENGTH: Final = struct.Struct(">I")
PIPE_BYTES: Final = 1024 * 1024
"""What a pipe holds, and its reader takes at once: pictures are larger than a pipe usually is."""
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


def answer_requests(answer: Callable[[bytes], Sequence[bytes]]) -> None:
    """Answer requests until standard input ends.

    The process's arguments are the address space it may take for its work, in bytes, and the CPU
    time a request may take, in seconds.

    Parameters
    ----------
    answer
        Takes a request and returns the pieces of its answer.
    """
    memory_limit_bytes, cpu_limit_s = (int(argument) for argument in sys.argv[1:3])
    answers = os.fdopen(os.dup(1), "wb")
    with suppress(OSError):  # a system may allow no such large pipe
        fcntl.fcntl(answers, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    # Decoders print to standard output, which would garble the answers.
    os.dup2(2, 1)
    _limit_memory(memory_limit_bytes)
    requests = sys.stdin.buffer
    while (head := requests.read(LENGTH.size)) and len(head) == LENGTH.size:
        request = requests.read(LENGTH.unpack(head)[0])
        _limit_cpu(cpu_limit_s)
        pieces = answer(request)
        answers.write(LENGTH.pack(sum(map(len, pieces))))
        answers.writelines(pieces)
        answers.flush()


def _limit_memory(limit_bytes: int) -> None:
    """Allow so much address space beyond what the imported libraries have mapped."""
    mapped = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * _PAGE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (mapped + limit_bytes, mapped + limit_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_cpu(limit_s: int) -> None:
    """Move the limit so that each request has its own share."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + limit_s
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
