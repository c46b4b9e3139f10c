"""What an attacker tries, on the sockets of a running installation.

Each asserts that somebody honest is served beside it and after it, that the attacked process took
a bounded amount of memory (and processor time), and what the log, the audit and the quarantine say.
The parts themselves are attacked more closely where they are tested: `tests/dicom/test_part10.py`,
`tests/dicom/test_pixels.py`, `tests/dicom/dimse/test_hostile_peers.py`, `tests/ecg/formats`.

=====================  =============================================================================
file                   rows
=====================  =============================================================================
`test_connections.py`  silent TLS; 300 silent or half-sent sockets; PDU lengths; fragments without
                       end; contexts and syntaxes; duplicate message IDs; a peer that vanishes in
                       each state; a query for everything
`test_objects.py`      deflate bomb; depth; tiny elements; lengths beyond the bytes; run lengths;
                       GB18030 labelled ISO_IR 6; polyglot preamble; UIDs that are paths; command
                       UID ≠ dataset UID
`test_uploads.py`      zip bomb, entries, `../`, symlink; aECG with entities or too deep; multipart
                       over its cap
`test_texts.py`        markup, formulas, escapes and bidi controls in a name
`test_addresses.py`    C-MOVE destinations, BulkDataURI and other addresses inside of objects
=====================  =============================================================================

A destination that refuses half of a C-MOVE, or answers late: `tests/server/dicom_node/
test_retrieve.py`, `tests/dicom/dimse/test_scu.py`.
"""
