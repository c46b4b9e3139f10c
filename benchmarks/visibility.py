"""From a sender's success status to the list of a person who waits for the exam."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles
from typing import Any

from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid
from pynetdicom import AE
from pynetdicom.association import Association

from benchmarks.corpus import ct_slices
from benchmarks.ours import Installation
from benchmarks.senders import AE_TITLE
from tests.support.dicom_files import sample

_GIVE_UP_S = 30.0
_SUSTAINED_A_SECOND = 20
_SUSTAINED_S = 30
_SENDERS = 4
"""Devices that take turns: one that leaves Nagle's algorithm on gets 60 ms an object at best."""
_POLL_S = 0.05
"""As often as a list is asked again: what is measured is no finer than this."""


@dataclass
class Delays:
    """Milliseconds of each instance between two moments."""

    what: str
    milliseconds: list[float] = field(default_factory=list)

    @property
    def p50_ms(self) -> float:
        """Return the median."""
        return quantiles(self.milliseconds, n=20)[9]

    @property
    def p95_ms(self) -> float:
        """Return what 95 % stay below."""
        return quantiles(self.milliseconds, n=20)[18]


@dataclass(frozen=True)
class _Api:
    """The lists of one person."""

    connection: HTTPConnection
    headers: Mapping[str, str]

    def exists(self, path: str) -> bool:
        """Tell whether there is such a list."""
        return self._get(path)[0] == 200

    def wait_for(self, path: str, wanted: Callable[[Mapping[str, Any]], bool]) -> None:
        """Ask again and again until an item of the list's first page is the wanted one."""
        deadline_s = time.perf_counter() + _GIVE_UP_S
        while time.perf_counter() < deadline_s:
            if any(wanted(item) for item in self.items(path)):
                return
        raise TimeoutError(f"GET {path} does not show it after {_GIVE_UP_S} s")

    def items(self, path: str) -> list[Mapping[str, Any]]:
        """Return the first page of a list."""
        status, body = self._get(path)
        if status != 200:
            raise RuntimeError(f"GET {path} answered {status}: {body[:300]!r}")
        found: list[Mapping[str, Any]] = json.loads(body)["items"]
        return found

    def _get(self, path: str) -> tuple[int, bytes]:
        self.connection.request("GET", path, headers=dict(self.headers))
        response = self.connection.getresponse()
        return response.status, response.read()


def measure(root: Path, instances: int) -> list[Delays]:
    """Send CT studies and ECGs of one instance each, and wait for each in the list."""
    installation = Installation(root / "visibility")
    installation.set_up()
    bearer = installation.bearer()
    with (
        installation.role("web", installation.http_port),
        installation.role("node", installation.dicom_port),
    ):
        api = _Api(
            HTTPConnection("127.0.0.1", installation.http_port, timeout=_GIVE_UP_S),
            {"Authorization": f"Bearer {bearer}"},
        )
        studies = [next(ct_slices(1, seed)) for seed in range(instances)]
        stored = Delays("C-STORE request to success (pynetdicom)")
        listed = Delays("CT success to GET /api/studies")
        with _association(installation.dicom_port, studies[0]) as association:
            for dataset in studies:
                stored.milliseconds.append(_store(association, dataset))
                began_s = time.perf_counter()
                api.wait_for("/api/studies?limit=20", _is_study(dataset))
                listed.milliseconds.append(1000 * (time.perf_counter() - began_s))
        if not api.exists("/api/ecgs"):
            return [stored, listed]
        return [stored, listed, *_ecgs(installation, api, instances)]


def _ecgs(installation: Installation, api: _Api, instances: int) -> list[Delays]:
    listed = Delays("ECG success to GET /api/ecgs")
    screened = Delays("ECG success to its screening in GET /api/ecgs")
    ecgs = [_new_ecg() for _ in range(instances)]
    with (
        # The worker listens nowhere; the node's port says that the installation stands.
        installation.role("worker", installation.dicom_port),
        _association(installation.dicom_port, ecgs[0]) as association,
    ):
        for dataset in ecgs:
            _store(association, dataset)
            began_s = time.perf_counter()
            api.wait_for("/api/ecgs?limit=20", _is_ecg(dataset))
            listed.milliseconds.append(1000 * (time.perf_counter() - began_s))
            api.wait_for("/api/ecgs?limit=20", _is_screened(dataset))
            screened.milliseconds.append(1000 * (time.perf_counter() - began_s))
        sustained = _sustained(installation.dicom_port, api)
    return [listed, screened, *sustained]


def _sustained(port: int, api: _Api) -> list[Delays]:
    """Send ECGs at a steady rate, and see how long each takes to the list."""
    often = f"{_SUSTAINED_A_SECOND} a second for {_SUSTAINED_S} s"
    stored = Delays(f"ECG due to success, {often}")
    listed = Delays(f"ECG success to GET /api/ecgs, {often}")
    ecgs = [_new_ecg() for _ in range(_SUSTAINED_A_SECOND * _SUSTAINED_S)]
    succeeded_s: dict[str, float] = {}

    began_s = time.perf_counter()

    def send(first: int) -> None:
        with _association(port, ecgs[0]) as association:
            for number in range(first, len(ecgs), _SENDERS):
                due_s = began_s + number / _SUSTAINED_A_SECOND
                # A device has its next recording when it has it, and not before.
                time.sleep(max(0.0, due_s - time.perf_counter()))
                _store(association, ecgs[number])
                now_s = time.perf_counter()
                # A sender that falls behind is not forgiven: it counts from when it was due.
                stored.milliseconds.append(1000 * (now_s - due_s))
                succeeded_s[str(ecgs[number].SOPInstanceUID)] = now_s

    with ThreadPoolExecutor(_SENDERS) as pool:
        sending = [pool.submit(send, first) for first in range(_SENDERS)]
        unseen = {str(each.SOPInstanceUID) for each in ecgs}
        last_s = time.perf_counter()
        while unseen:
            items = api.items("/api/ecgs?limit=200")
            now_s = time.perf_counter()
            for uid in unseen & succeeded_s.keys() & {each["sop_instance_uid"] for each in items}:
                unseen.remove(uid)
                listed.milliseconds.append(1000 * (now_s - succeeded_s[uid]))
                last_s = now_s
            if now_s - last_s > _GIVE_UP_S:
                raise TimeoutError(f"{len(unseen)} ECGs never came into the list")
            time.sleep(_POLL_S)
        for each in sending:
            each.result()
    return [stored, listed]


def _new_ecg() -> Dataset:
    dataset = dcmread(sample("waveform_ecg.dcm"))
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.SOPInstanceUID = generate_uid()
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def _is_study(dataset: Dataset) -> Callable[[Mapping[str, Any]], bool]:
    uid = str(dataset.StudyInstanceUID)
    return lambda item: item["study_instance_uid"] == uid


def _is_ecg(dataset: Dataset) -> Callable[[Mapping[str, Any]], bool]:
    uid = str(dataset.SOPInstanceUID)
    return lambda item: item["sop_instance_uid"] == uid


def _is_screened(dataset: Dataset) -> Callable[[Mapping[str, Any]], bool]:
    is_it = _is_ecg(dataset)
    return lambda item: is_it(item) and item["status"] != "pending"


@contextmanager
def _association(port: int, like: Dataset) -> Iterator[Association]:
    entity = AE(ae_title=AE_TITLE)
    entity.add_requested_context(like.SOPClassUID, like.file_meta.TransferSyntaxUID)
    association = entity.associate("127.0.0.1", port)
    if not association.is_established:
        raise ConnectionError("our node refused the association")
    try:
        yield association
    finally:
        association.release()


def _store(association: Association, dataset: Dataset) -> float:
    """Send one instance and return the milliseconds to its success."""
    began_s = time.perf_counter()
    status = association.send_c_store(dataset)
    took_ms = 1000 * (time.perf_counter() - began_s)
    if status.get("Status") != 0:
        raise RuntimeError(f"our node answered {status}")
    return took_ms
