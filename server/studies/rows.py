"""The rows of the index, made of what an instance says."""

from dicom.attributes import IndexedAttributes
from dicom.dataset import PersonName
from server.intake.public import Arrival
from server.patients.public import PatientFacts
from server.studies.computed import NO_ISSUER


def fit(text: str | None, length: int) -> str | None:
    """Cut a text to its column; DICOM's own limits are shorter, but devices ignore them."""
    return text[:length] if text else None


def _name(name: PersonName | None) -> str | None:
    if name is None:
        return None
    groups = f"{name.alphabetic}={name.ideographic}={name.phonetic}".rstrip("=")
    return fit(groups, 200)


def patient_facts(arrival: Arrival) -> PatientFacts:
    """Return what an instance says of its patient."""
    attributes, sender = arrival.prepared.attributes, arrival.received.sender
    name = attributes.patient_name
    issuer = attributes.issuer_of_patient_id or f"{NO_ISSUER}{sender.institution_id}"
    # Without an identifier nobody can say that two studies are of one person.
    identifier = attributes.patient_id or f"study:{arrival.prepared.study_instance_uid}"
    return PatientFacts(
        org=sender.org,
        owner_institution_id=sender.institution_id,
        issuer=issuer[:64],
        identifier=identifier[:64],
        name=fit(name.display, 200) if name is not None else None,
        name_latin=fit(name.alphabetic.replace("^", " "), 200) if name is not None else None,
        birth_date=attributes.patient_birth_date,
        sex=_sex(attributes),
    )


def _sex(attributes: IndexedAttributes) -> str | None:
    return attributes.patient_sex if attributes.patient_sex in {"M", "F", "O"} else None


def study_row(pk: str, arrival: Arrival, patient_pk: str) -> dict[str, object]:
    """Return the row of a study, by its first instance; it counts none yet."""
    attributes, received = arrival.prepared.attributes, arrival.received
    return {
        "id": pk,
        "org": received.sender.org,
        "owner_institution_id": received.sender.institution_id,
        "patient_pk": patient_pk,
        "study_instance_uid": arrival.prepared.study_instance_uid,
        "patient_id": fit(attributes.patient_id, 64),
        "patient_name": _name(attributes.patient_name),
        "patient_birth_date": attributes.patient_birth_date,
        "patient_sex": _sex(attributes),
        "patient_age": fit(attributes.patient_age, 4),
        "study_date": attributes.study_date,
        "study_time": attributes.study_time,
        "accession_number": fit(attributes.accession_number, 64),
        "study_id": fit(attributes.study_id, 64),
        "description": fit(attributes.study_description, 200),
        "referring_physician": _name(attributes.referring_physician_name),
        "timezone_offset": fit(attributes.timezone_offset, 8),
        "modalities": "",
        "series_count": 0,
        "instance_count": 0,
        "received_at": received.received_at,
        "last_received_at": received.received_at,
    }


def series_row(pk: str, study_pk: str, arrival: Arrival) -> dict[str, object]:
    """Return the row of a series, by its first instance; it counts none yet."""
    attributes = arrival.prepared.attributes
    return {
        "id": pk,
        "study_pk": study_pk,
        "series_instance_uid": arrival.prepared.series_instance_uid,
        "modality": fit(attributes.modality, 16),
        "series_number": attributes.series_number,
        "description": fit(attributes.series_description, 200),
        "body_part": fit(attributes.body_part_examined, 64),
        "manufacturer": fit(attributes.manufacturer, 100),
        "station_name": fit(attributes.station_name, 64),
        "institution_name": fit(attributes.institution_name, 100),
        "performed_date": attributes.performed_procedure_step_start_date,
        "performed_time": attributes.performed_procedure_step_start_time,
        "scheduled_step_id": fit(attributes.scheduled_procedure_step_id, 64),
        "requested_procedure_id": fit(attributes.requested_procedure_id, 64),
        "instance_count": 0,
        "last_received_at": arrival.received.received_at,
    }


def placed(arrival: Arrival) -> dict[str, object]:
    """Return the columns that say where an instance's bytes are."""
    prepared = arrival.prepared
    return {
        "object_id": arrival.object_id,
        "dataset_offset": prepared.dataset_offset,
        "frames": prepared.frames,
        "bulk_values": dict(prepared.bulk_values) or None,
    }


def instance_row(pk: str, series_pk: str, arrival: Arrival) -> dict[str, object]:
    """Return the row of an instance."""
    prepared, attributes = arrival.prepared, arrival.prepared.attributes
    return {
        "id": pk,
        "org": arrival.received.sender.org,
        "series_pk": series_pk,
        "sop_instance_uid": prepared.sop_instance_uid,
        "sop_class_uid": prepared.sop_class_uid,
        "transfer_syntax_uid": prepared.transfer_syntax_uid,
        "instance_number": attributes.instance_number,
        "rows": attributes.rows,
        "columns": attributes.columns,
        "bits_allocated": attributes.bits_allocated,
        "frame_count": attributes.number_of_frames,
        "dataset_blake3": prepared.dataset_blake3,
        "metadata_json_gz": prepared.metadata_json_gz,
        **placed(arrival),
        "received_at": arrival.received.received_at,
    }
